/** Lines in the shape in which Claude Code streams an answer; the text is made up. */
const session = '6d9a1c52-3f0e-4b7a-9c44-52a4b6a9e001'
const message = 'msg_bench_1'
const line = (fields: object): string =>
  `${JSON.stringify({ ...fields, session_id: session, parent_tool_use_id: null })}\n`
const piece = (event: object): string =>
  line({
    type: 'stream_event',
    event,
    uuid: '0d8f4d5e-14fe-4f08-8403-58150db528fe',
    api_message_id: message,
  })

/** Before the answer. */
export const streamHead =
  line({ type: 'system', subtype: 'init', cwd: '/', tools: [], model: 'scripted-model' }) +
  piece({
    type: 'message_start',
    message: { id: message, type: 'message', role: 'assistant', content: [] },
  }) +
  piece({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })

/** A piece of the answer, about 64 kB: whole lines, a few words each. */
export const streamChunk = Buffer.from(
  Array.from({ length: 256 }, (_, index) =>
    piece({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: `and ${index} words more ` },
    }),
  ).join(''),
)

/** The end of the answer and of the turn. */
export const streamTail =
  piece({ type: 'content_block_stop', index: 0 }) +
  piece({ type: 'message_stop' }) +
  line({
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'and so on',
    total_cost_usd: 0,
    duration_ms: 1,
    usage: { input_tokens: 1, output_tokens: 1 },
  })
