import type { ErrorRow } from './error-row.ts'

/** What can go wrong with a container engine. */
export const engineErrors = {
  engine_unreachable: {
    status: 503,
    exit: 1,
    retryable: true,
    hint: 'Start Docker or Podman, or set DOCKER_HOST to where one is; `drover doctor` shows which is used.',
  },
  engine_denied: {
    status: 403,
    exit: 1,
    retryable: false,
    hint: 'Let this user speak to the engine as the message says, or use a rootless one.',
  },
  engine_unfit: {
    status: 503,
    exit: 1,
    retryable: false,
    hint: 'Install Docker 20.10 or newer, or Podman 3 or newer.',
  },
  engine_refused: {
    status: 422,
    exit: 1,
    retryable: false,
    hint: 'The message has the words of the engine; correct what it names.',
  },
  engine_failed: {
    status: 502,
    exit: 1,
    retryable: true,
    hint: 'The message has the words of the engine; its own log says more.',
  },
  container_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: '`docker ps -a` lists every container of the engine.',
  },
  box_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: '`drover wake NAME` makes its container.',
  },
  box_asleep: {
    status: 409,
    exit: 4,
    retryable: true,
    hint: '`drover wake NAME` brings it up; it need not be told anything.',
  },
  file_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: 'Give an absolute path inside of the container, or one below the folder it works in.',
  },
  copy_failed: {
    status: 500,
    exit: 1,
    retryable: true,
    hint: 'The message has the words of tar; of a copy out of a container nothing was put in its place.',
  },
  image_not_found: {
    status: 422,
    exit: 3,
    retryable: false,
    hint: 'Correct its name, build it, or log in to its registry with `docker login`.',
  },
  image_unfit: {
    status: 422,
    exit: 1,
    retryable: false,
    hint: 'Name an image that was made for the architecture of this machine.',
  },
  image_failed: {
    status: 422,
    exit: 1,
    retryable: false,
    hint: 'The message has what the failed step said; correct the Dockerfile or what it needs, and try again.',
  },
  image_in_use: {
    status: 409,
    exit: 4,
    retryable: false,
    hint: 'Remove the agents that the message names, or give them another image.',
  },
  registry_unreachable: {
    status: 503,
    exit: 1,
    retryable: true,
    hint: 'Try again once the registry can be reached, or load the image with `docker load`.',
  },
  invalid_compose: {
    status: 422,
    exit: 2,
    retryable: false,
    hint: 'Correct what the message names, or give the container in another way.',
  },
  invalid_mount: {
    status: 422,
    exit: 2,
    retryable: false,
    hint: 'Name a path that is there and that a container may see.',
  },
  door_closed: {
    status: 503,
    exit: 1,
    retryable: true,
    hint: 'End the program that has the port, or let the container engine make its network again.',
  },
} as const satisfies Record<string, ErrorRow>
