import type { Dialect } from './dialect.ts'
import type { AcpState, ModelSwitch } from './state.ts'
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

/** The id of a setting by what it is for. */
function findOption(result: JsonObject, wanted: string): string | null {
  const option = objectsOf(result['configOptions']).find(
    ({ category, id }) => (category ?? id) === wanted,
  )
  return textOf(option?.['id'])
}

/** Some programs have their modes among their settings; null: it has them where the protocol says. */
export function modeOption(result: JsonObject): string | null {
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

/** What was asked for that is chosen over the protocol, each under the name of its option. */
export function listSetups(
  { modelSwitch }: AcpState,
  { model, mode, settings }: Dialect,
  { sessionId, modeOption: option }: { sessionId: string; modeOption: string | null },
): Setup[] {
  const setOption = (configId: string, value: string | boolean) => ({
    method: methods.setConfigOption,
    params: { sessionId, configId, ...settingOf(value) },
  })
  const setups: Setup[] = Object.entries(settings).map(([configId, value]) => ({
    id: `${setupPrefix}options.settings.${configId}`,
    ...setOption(configId, value),
  }))
  if (mode !== null) {
    const setMode = { method: methods.setMode, params: { sessionId, modeId: mode } }
    const id = `${setupPrefix}options.mode`
    setups.unshift({ id, ...(option === null ? setMode : setOption(option, mode)) })
  }
  if (model !== null && modelSwitch !== null) {
    setups.unshift({ id: `${setupPrefix}model`, ...modelRequest(modelSwitch, sessionId, model) })
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
