import type { ContentBlock } from '@agentclientprotocol/sdk'
import { DroverError } from '../../schema/error.ts'

/** A prompt as the text of a message: files that stand beside the words come with their name. Errors: `unsupported`. */
export function promptText(prompt: readonly ContentBlock[]): string {
  return prompt.map(blockText).join('\n\n').trim()
}

function blockText(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text
    case 'resource_link':
      return `[${block.name}](${block.uri})`
    case 'resource': {
      const { resource } = block
      return 'text' in resource
        ? `<file uri=${JSON.stringify(resource.uri)}>\n${resource.text}\n</file>`
        : `[${resource.uri}]`
    }
    default:
      throw new DroverError('unsupported', `prompt: ${block.type} can't be sent to an agent.`, {
        details: { field: 'prompt' },
      })
  }
}
