/** Before and after each side effect on a message's way and on an agent's way out. */
export const agentFaultPoints = [
  'request-committed',
  'input-assigned',
  'input-appended',
  'input-rung',
  'input-recorded',
  'launch-prepared',
  'run-spawned',
  'run-recorded',
  'output-read',
  'output-committed',
  'run-stopped',
  'run-read-out',
  'run-ended',
  'run-released',
  'release-recorded',
  'folders-removed',
  'agent-removed',
] as const

/** On a run's way to its rest and back: before and after each effect, and once that is on record. */
export const suspensionFaultPoints = [
  'run-suspend-requested',
  'run-suspended',
  'run-suspension-recorded',
  'run-resume-requested',
  'run-resumed',
  'run-resumption-recorded',
] as const

/** Around the hand-over of an agent to the machine's own supervisor, and what that begins. */
export const unitFaultPoints = [
  'unit-written',
  'unit-installed',
  'run-found',
  'unit-uninstalled',
] as const

/** Before and after what a schedule does when a time has come. */
export const scheduleFaultPoints = [
  'schedule-due',
  'schedule-fired',
  'schedule-passed-over',
] as const

/** Around what is kept for an agent in an engine beyond its runs. */
export const boxFaultPoints = ['box-made', 'box-forgotten'] as const

/** Between the making of an agent's group, which only one with limits has, and the rest of its start. */
export const limitFaultPoints = ['group-made'] as const

/** After a program's question, and after its answer, before any of their effects. */
export const approvalFaultPoints = ['question-recorded', 'approval-decided'] as const

/** Before and after orphans are released. */
export const orphanFaultPoints = ['orphans-reported', 'orphans-released'] as const

/** On the way of a terminal beside an agent. */
export const guestFaultPoints = [
  'guest-recorded',
  'guest-started',
  'guest-noted',
  'guest-stopped',
  'guest-released',
  'guest-folder-removed',
  'guest-ended',
] as const

/** While what was said is given up to keep within bounds. */
export const retentionFaultPoints = [
  'run-folder-dropped',
  'run-dropped',
  'output-given-up',
  'output-punched',
] as const

/** On the way of an agent's worktree, which only one that asked for it has. */
export const worktreeFaultPoints = [
  'branch-made',
  'worktree-added',
  'worktree-filled',
  'worktree-made',
  'worktree-condemned',
  'worktree-set-aside',
  'worktree-removed',
  'branch-removed',
] as const

/** Around the opening of the agents' door at an address, which only agents with a network policy need. */
export const doorFaultPoints = ['door-opened', 'door-kept'] as const

/** Around the network of agents that are kept from the network, and the rules of the firewall about it. */
export const wallFaultPoints = ['network-made', 'network-walled', 'network-removed'] as const

/** Where a crash test may end the daemon. */
export const faultPoints = [
  ...agentFaultPoints,
  ...suspensionFaultPoints,
  ...boxFaultPoints,
  ...limitFaultPoints,
  ...worktreeFaultPoints,
  ...scheduleFaultPoints,
  ...approvalFaultPoints,
  ...orphanFaultPoints,
  ...guestFaultPoints,
  ...retentionFaultPoints,
  ...unitFaultPoints,
  ...doorFaultPoints,
  ...wallFaultPoints,
] as const
export type FaultPoint = (typeof faultPoints)[number]

/** `DROVER_FAULT=NAME` dies at the first pass, `NAME:3` at the third; for tests only. */
const [wanted, count] = (process.env['DROVER_FAULT'] ?? '').split(':')
let passesLeft = Number(count ?? 1)

/** Kills this process as `kill -9` would, when it was told to die here. */
export function faultPoint(name: FaultPoint): void {
  if (name === wanted && --passesLeft === 0) {
    process.kill(process.pid, 'SIGKILL')
  }
}
