import type { Dialect } from './dialect.ts'
import type { ModelSwitch } from './state.ts'
import {
  draftMethods,
  isObject,
  methods,
  objectOf,
  objectsOf,
  textOf,
  type JsonObject,
} from './wire.ts'

/** Ids of these requests begin so; the rest is the field that each is for. */
export const setupPrefix = 'drover/setup '

/** What the protocol calls settings of how hard a model thinks. */
const effortCategory = 'thought_level'

/** The id of a setting by what it is for. */
function findOption(result: JsonObject, wanted: string): string | null {
  const option = objectsOf(result['configOptions']).find(
    ({ category, id }) => (category ?? id) === wanted,
  )
  return textOf(option?.['id'])
}

/** Some programs have their modes among their settings; null: it has them where the protocol says. */
function modeOption(result: JsonObject): string | null {
  return isObject(result['modes']) ? null : findOption(result, 'mode')
}

/** How its model is chosen and changed; null: it can't be. */
export function findModelSwitch(result: JsonObject): ModelSwitch | null {
  const id = findOption(result, 'model')
  if (id !== null) {
    return { by: 'option', id }
  }
  return objectsOf(objectOf(result['models'])['availableModels']).length > 0
    ? { by: 'method' }
    : null
}

/** A request that a session needs before its first message. */
export interface Setup {
  id: string
  method: string
  params: JsonObject
}

/** What was asked for and can't be chosen, in words; null: it all can be. */
export function missingChoice(
  result: JsonObject,
  { title, model, effort }: Pick<Dialect, 'title' | 'model' | 'effort'>,
): string | null {
  if (model !== null && findModelSwitch(result) === null) {
    return `model: ${title} has no choice of models over ACP.`
  }
  return effort !== null && findOption(result, effortCategory) === null
    ? `effort: ${title} has no choice of it over ACP.`
    : null
}

/** What was asked for that is chosen over the protocol, each under the name of its field. */
export function listSetups(
  sessionId: string,
  { model, effort, mode, settings }: Dialect,
  result: JsonObject,
): Setup[] {
  const setups: Setup[] = []
  const set = (field: string, configId: string, value: string | boolean): void => {
    const params = { sessionId, configId, ...settingOf(value) }
    setups.push({ id: `${setupPrefix}${field}`, method: methods.setConfigOption, params })
  }
  const by = findModelSwitch(result)
  if (model !== null && by !== null) {
    setups.push({ id: `${setupPrefix}model`, ...modelRequest(by, sessionId, model) })
  }
  const level = findOption(result, effortCategory)
  if (effort !== null && level !== null) {
    set('effort', level, effort)
  }
  const modes = modeOption(result)
  if (mode !== null && modes !== null) {
    set('options.mode', modes, mode)
  } else if (mode !== null) {
    const params = { sessionId, modeId: mode }
    setups.push({ id: `${setupPrefix}options.mode`, method: methods.setMode, params })
  }
  for (const [configId, value] of Object.entries(settings)) {
    set(`options.settings.${configId}`, configId, value)
  }
  return setups
}

function settingOf(value: string | boolean): JsonObject {
  return typeof value === 'boolean' ? { type: 'boolean', value } : { value }
}

/** How a session is given another model. */
export function modelRequest(
  by: ModelSwitch,
  sessionId: string,
  model: string,
): { method: string; params: JsonObject } {
  return by.by === 'option'
    ? { method: methods.setConfigOption, params: { sessionId, configId: by.id, value: model } }
    : { method: draftMethods.setModel, params: { sessionId, modelId: model } }
}
