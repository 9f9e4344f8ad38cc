import type { ServerResponse } from 'node:http'
import type { Answer, Prompt } from './script.ts'

/** One API that the scripted model speaks: a file each, listed in `model-server.ts`. */
export interface WireFormat {
  readonly name: string
  /** Whether a path, without its query, is one of this API's. */
  matches(path: string): boolean
  /** What a request asks. */
  readPrompt(body: JsonObject, path: string): Prompt
  /** Sends the answer; resolves when it is sent, or the client went away. */
  sendAnswer(answer: Answer, exchange: Exchange): Promise<void>
  /** Answers a path of this API that asks no model, and says whether it did. */
  answerAside?(exchange: Exchange): boolean
}

export type JsonObject = Record<string, unknown>

/** One request with the place for its answer. */
export interface Exchange {
  /** Counts from 1; ids in answers are made from it. */
  number: number
  path: string
  body: JsonObject
  response: ServerResponse
}

/** Tokens that every answer claims; clients show and sum them. */
export const usage = { input: 100, cached: 50, output: 20 } as const

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A field that should be a list of objects. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** The text of message content: a string, or the text blocks of a list. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') {
    return content
  }
  return objectsOf(content)
    .flatMap(({ text }) => (typeof text === 'string' ? [text] : []))
    .join('\n')
}

/** A field that should be a string. */
export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
