/** What tests of agents need, published as `drover/testing`. */
export {
  startModelServer,
  type ModelServer,
  type ModelServerOptions,
  type RecordedRequest,
} from './model-server.ts'
