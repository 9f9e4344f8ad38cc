import type { Command } from 'commander'
import type { Invocation } from './invocation.ts'

export interface CommandEntry {
  group: 'daemon' | 'agents' | 'talking' | 'looking' | 'more'
  /** Arguments as the short help shows them. */
  usage: string
  summary: string
  /** Everything after `--` is a program for it, not its own arguments. */
  takesProgram?: true
  /** It goes on when nobody reads its output any more. */
  outlivesReader?: true
  load(): Promise<(invocation: Invocation) => Command>
}

/** Every command. Only the one asked for is loaded: a cold start pays for nothing else. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  up: {
    group: 'daemon',
    usage: 'up [--detach]',
    summary: 'start the daemon',
    outlivesReader: true,
    load: async () => (await import('./up.ts')).upCommand,
  },
  down: {
    group: 'daemon',
    usage: 'down [--agents]',
    summary: 'end the daemon; agents go on',
    load: async () => (await import('./down.ts')).downCommand,
  },
  status: {
    group: 'daemon',
    usage: 'status',
    summary: 'show the daemon',
    load: async () => (await import('./status.ts')).statusCommand,
  },
  doctor: {
    group: 'daemon',
    usage: 'doctor',
    summary: 'say what is usable here, and how to get the rest',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  service: {
    group: 'daemon',
    usage: 'service install|uninstall|status',
    summary: 'have the machine itself keep the daemon up',
    load: async () => (await import('./service.ts')).serviceCommand,
  },
  reconcile: {
    group: 'daemon',
    usage: 'reconcile',
    summary: 'look at every run anew, and end what was left over',
    load: async () => (await import('./reconcile.ts')).reconcileCommand,
  },
  run: {
    group: 'agents',
    usage: 'run [TEMPLATE] [PROMPT]',
    summary: 'make an agent and start it; or begin afresh with the one of this folder',
    takesProgram: true,
    load: async () => (await import('./run.ts')).runCommand,
  },
  ps: {
    group: 'looking',
    usage: 'ps [-a]',
    summary: 'list agents',
    load: async () => (await import('./ps.ts')).psCommand,
  },
  show: {
    group: 'looking',
    usage: 'show NAME',
    summary: 'show one agent',
    load: async () => (await import('./show.ts')).showCommand,
  },
  cost: {
    group: 'looking',
    usage: 'cost [NAME] [--by day|agent|run|model]',
    summary: 'say what agents cost',
    load: async () => (await import('./cost.ts')).costCommand,
  },
  budget: {
    group: 'agents',
    usage: 'budget NAME [--usd AMOUNT] [--tokens COUNT]',
    summary: 'show or change what an agent may spend',
    load: async () => (await import('./budget.ts')).budgetCommand,
  },
  screen: {
    group: 'looking',
    usage: 'screen NAME',
    summary: "print what stands on an agent's terminal",
    load: async () => (await import('./screen.ts')).screenCommand,
  },
  why: {
    group: 'looking',
    usage: 'why NAME',
    summary: 'say why an agent is as it is, and what comes next',
    load: async () => (await import('./why.ts')).whyCommand,
  },
  send: {
    group: 'talking',
    usage: 'send NAME TEXT [--wait]',
    summary: 'write to an agent',
    load: async () => (await import('./send.ts')).sendCommand,
  },
  attach: {
    group: 'talking',
    usage: 'attach NAME [--read-only]',
    summary: 'go to the terminal of an agent, or talk with it; it stays awake meanwhile',
    load: async () => (await import('./attach.ts')).attachCommand,
  },
  shell: {
    group: 'talking',
    usage: 'shell NAME [--ttl TIME] [-- PROGRAM ARG…]',
    summary: 'open a terminal beside an agent',
    takesProgram: true,
    load: async () => (await import('./shell.ts')).shellCommand,
  },
  exec: {
    group: 'talking',
    usage: 'exec NAME [--tty] -- PROGRAM [ARG…]',
    summary: "run a program in an agent's container",
    takesProgram: true,
    load: async () => (await import('./exec.ts')).execCommand,
  },
  cp: {
    group: 'talking',
    usage: 'cp NAME:PATH LOCAL | cp LOCAL NAME:PATH',
    summary: "copy files out of an agent's container, or in",
    load: async () => (await import('./cp.ts')).cpCommand,
  },
  acp: {
    group: 'talking',
    usage: 'acp NAME',
    summary: 'be the agent of an editor that speaks ACP',
    load: async () => (await import('./acp.ts')).acpCommand,
  },
  approvals: {
    group: 'talking',
    usage: 'approvals [ID|NAME] [-a]',
    summary: 'list what agents ask you to allow',
    load: async () => (await import('./approvals.ts')).approvalsCommand,
  },
  approve: {
    group: 'talking',
    usage: 'approve ID|NAME [--session]',
    summary: 'let an agent do what it asks for',
    load: async () => (await import('./approve.ts')).approveCommand,
  },
  deny: {
    group: 'talking',
    usage: 'deny ID|NAME [-m TEXT]',
    summary: 'do not let it',
    load: async () => (await import('./deny.ts')).denyCommand,
  },
  logs: {
    group: 'looking',
    usage: 'logs NAME [-f]',
    summary: 'show what an agent said',
    load: async () => (await import('./logs.ts')).logsCommand,
  },
  events: {
    group: 'looking',
    usage: 'events [-f]',
    summary: 'show what happened',
    load: async () => (await import('./events.ts')).eventsCommand,
  },
  wake: {
    group: 'agents',
    usage: 'wake NAME [--fresh|--resume] [--in RUNTIME]',
    summary: 'bring a sleeping agent up',
    load: async () => (await import('./wake.ts')).wakeCommand,
  },
  sleep: {
    group: 'agents',
    usage: 'sleep NAME',
    summary: 'put an agent to sleep; a message wakes it',
    load: async () => (await import('./sleep.ts')).sleepCommand,
  },
  stop: {
    group: 'agents',
    usage: 'stop NAME',
    summary: 'hold an agent; messages are refused',
    load: async () => (await import('./stop.ts')).stopCommand,
  },
  start: {
    group: 'agents',
    usage: 'start NAME',
    summary: 'release a stopped agent',
    load: async () => (await import('./start.ts')).startCommand,
  },
  schedule: {
    group: 'talking',
    usage: 'schedule add|ls|show|rm|pause|resume',
    summary: 'write to agents at times',
    takesProgram: true,
    load: async () => (await import('./schedule.ts')).scheduleCommand,
  },
  new: {
    group: 'agents',
    usage: 'new NAME',
    summary: 'begin a fresh session',
    load: async () => (await import('./new.ts')).newCommand,
  },
  restart: {
    group: 'agents',
    usage: 'restart NAME',
    summary: 'end its run and bring it up again',
    load: async () => (await import('./restart.ts')).restartCommand,
  },
  interrupt: {
    group: 'talking',
    usage: 'interrupt NAME',
    summary: 'end the turn an agent is in; its program stays',
    load: async () => (await import('./interrupt-turn.ts')).interruptCommand,
  },
  reload: {
    group: 'agents',
    usage: 'reload NAME [--model M]',
    summary: 'change the model, persona or trigger of an agent',
    load: async () => (await import('./reload.ts')).reloadCommand,
  },
  rm: {
    group: 'agents',
    usage: 'rm NAME [--force]',
    summary: 'remove an agent for good',
    load: async () => (await import('./rm.ts')).rmCommand,
  },
  worktree: {
    group: 'more',
    usage: 'worktree ls|prune [--dry-run]',
    summary: 'look after the git worktrees of agents',
    load: async () => (await import('./worktree.ts')).worktreeCommand,
  },
  image: {
    group: 'more',
    usage: 'image build|ls|rm|prune',
    summary: "look after the images that agents' containers are made of",
    load: async () => (await import('./image.ts')).imageCommand,
  },
  template: {
    group: 'more',
    usage: 'template ls|show NAME',
    summary: 'list templates and providers',
    load: async () => (await import('./template.ts')).templateCommand,
  },
  runner: {
    group: 'more',
    usage: 'runner check PROGRAM [ARG…]',
    summary: 'try an agent program of your own against the runner protocol',
    takesProgram: true,
    load: async () => (await import('./runner.ts')).runnerCommand,
  },
  completion: {
    group: 'more',
    usage: 'completion bash|zsh|fish',
    summary: 'print a completion script for a shell',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
}
