import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { Agent } from 'node:http'
import { Duplex } from 'node:stream'
import type { Address } from './address.ts'

/** A machine that goes without a word is noticed after three of these, seconds. */
const aliveOptions = ['-o', 'ServerAliveInterval=15', '-o', 'ServerAliveCountMax=3']

/**
 * Connections over the user's own `ssh`, with their keys, known hosts and configuration, as Docker's
 * command line makes them: `docker system dial-stdio` over there joins it to the engine.
 */
export function sshAgent(
  { user, host, port }: Extract<Address, { kind: 'ssh' }>,
  env: Readonly<Record<string, string | undefined>>,
): Agent {
  const target = [...(user ? ['-l', user] : []), ...(port ? ['-p', String(port)] : [])]
  // Nobody is there to answer what it might ask.
  const options = ['-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', ...aliveOptions]
  const argv = [...options, ...target, '--', host, 'docker', 'system', 'dial-stdio']
  const agent = new Agent()
  agent.createConnection = () => joinChild(spawn('ssh', argv, { env, stdio: 'pipe' }))
  return agent
}

/** A program's input and output as one connection. Its end is told once it is known how it ended. */
function joinChild(child: ChildProcessWithoutNullStreams): Duplex {
  const { stdin, stdout, stderr } = child
  const socket = new Duplex({
    read: () => void stdout.resume(),
    // What can't be written is no error of its own: the program's end says why.
    write: (chunk: Buffer, _encoding, done) => void stdin.write(chunk, () => done()),
    final: (done) => void stdin.end(() => done()),
    destroy: (error, done) => {
      child.kill()
      done(error)
    },
  })
  let complaint = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  stdin.on('error', () => {})
  stdout.on('data', (chunk: Buffer) => socket.push(chunk) || stdout.pause())
  child.on('error', (error) => socket.destroy(new Error(`ssh can't be started: ${error.message}`)))
  child.on('close', (code, signal) => {
    if (code === 0) {
      socket.push(null)
    } else {
      socket.destroy(new Error(`ssh ended with ${code ?? signal}: ${complaint.trim()}`))
    }
  })
  return socket
}
