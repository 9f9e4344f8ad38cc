import type { Command } from 'commander'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'

interface AcpOptions extends CommonOptions {
  fresh?: boolean
}

export function acpCommand(invocation: Invocation): Command {
  return createCommand('acp', invocation.context)
    .description(
      'Be the agent of an editor that speaks the Agent Client Protocol on stdin and stdout. It stays awake meanwhile.',
    )
    .argument('<name>', 'agent')
    .option('--fresh', "each new session of the editor begins a fresh one of the agent's")
    .action(async (name: string, { fresh }: AcpOptions) => {
      const { serveEditor } = await import('./acp/serve-editor.ts')
      await serveEditor(invocation, name, { isFresh: fresh ?? false })
    })
}
