import { randomUUID } from 'node:crypto'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buildEnvironment } from '../../../core/environment.ts'
import { AgentSpec } from '../../../schema/agent.ts'
import type { RunnerCheckRequest, RunnerFinding, RunnerReport } from '../../../schema/reports.ts'
import { DroverError } from '../../../schema/error.ts'
import { writePrivateFile } from '../../../util/private-file.ts'
import { ndjsonProvider } from '../index.ts'
import { judgeLeftovers, judgeOutput, judgeQuestions } from './judge-rest.ts'
import { tryFirstStart, tryLaterStart, tryLostSession } from './sessions.ts'
import { RunnerProcess } from './runner-process.ts'
import type { Exam } from './exam.ts'

/**
 * Puts a program through the runner protocol and tells what is right and what is wrong. It is started
 * two or three times; each wait has a deadline, and nothing of it lives when this comes back. Errors:
 * those of the launch (`invalid_request`, `program_not_found`), and the signal's reason.
 */
export async function checkRunner(request: RunnerCheckRequest): Promise<RunnerReport> {
  const findings: RunnerFinding[] = []
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-check-')))
  const started: RunnerProcess[] = []
  const exam: Exam = {
    prompt: request.prompt,
    deadlineMs: request.deadlineMs,
    say: (text) => request.say(text),
    report(...found) {
      findings.push(...found)
      found.forEach((finding) => request.report(finding))
    },
    async start(resume) {
      const process = await startRunner(request, folder, resume)
      started.push(process)
      return process
    },
  }
  try {
    const session = await tryFirstStart(exam)
    if (session.isReady) {
      await tryLaterStart(exam, session)
      if (session.resumable !== null) {
        await tryLostSession(exam)
      }
    }
    const lines = started.flatMap((each) => each.lines)
    exam.report(
      ...judgeQuestions(lines),
      ...judgeOutput(
        lines,
        started.map(({ rest }) => rest),
      ),
      ...(session.leftovers ? [judgeLeftovers(session.leftovers)] : []),
    )
  } finally {
    await Promise.all(started.map((each) => each.kill()))
    rmSync(folder, { recursive: true, force: true })
  }
  const isRight = findings.every(({ verdict }) => verdict !== 'wrong')
  return { program: request.program, isRight, findings }
}

/** Errors: `invalid_request` that names the field, as for an agent. */
function specOf(given: Pick<RunnerCheckRequest, 'dir' | 'program' | 'env'>): AgentSpec {
  const parsed = AgentSpec.safeParse({ provider: 'ndjson', runtime: 'process', ...given })
  if (parsed.success) {
    return parsed.data
  }
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.') ?? 'program'
  throw new DroverError('invalid_request', `${field}: ${issue?.message ?? 'is not valid'}`, {
    details: { field },
  })
}

/** As the daemon would start it: argv, environment and files of the provider's own launch. */
async function startRunner(
  request: RunnerCheckRequest,
  folder: string,
  resume: string | null,
): Promise<RunnerProcess> {
  const { program, dir, host, env, signal } = request
  const base = buildEnvironment({ host, passEnv: [], layers: [env] })
  const launch = await ndjsonProvider.launch({
    env: base,
    programPath: null,
    upstreams: {},
    signal,
    agent: { id: 'agent_check', name: 'check' },
    spec: specOf({ dir, program, env }),
    resume,
    isFork: false,
    systemPrompt: null,
    newSession: randomUUID(),
    stateFolder: path.join(folder, 'state'),
    runFolder: path.join(folder, 'run'),
  })
  for (const file of launch.files) {
    writePrivateFile(file.path, file.content)
  }
  const mark = `DROVER_RUN=check_${randomUUID()}`
  const [name = '', value = ''] = mark.split('=')
  return new RunnerProcess({
    argv: launch.argv,
    dir,
    env: { ...base, ...launch.env, DROVER_AGENT: 'check', [name]: value },
    mark,
    signal,
  })
}
