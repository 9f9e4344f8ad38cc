import { describe, expect, it } from 'vitest'
import { callCli } from '../../test/fixtures/cli-harness.ts'
import { answerJson, startFakeApi } from '../../test/fixtures/fake-api.ts'
import { shownAgent } from '../../test/fixtures/shown-agent.ts'
import { DroverError } from '../schema/error.ts'
import { containerText } from './format-container.ts'
import { createContainerRequest, type ContainerOptions } from './container-options.ts'

const wishOf = (options: ContainerOptions): unknown =>
  createContainerRequest(options, '/here').container

function problemOf(options: ContainerOptions): string {
  try {
    wishOf(options)
  } catch (error) {
    return error instanceof DroverError && error.code === 'usage' ? error.message : String(error)
  }
  return 'Nothing is wrong.'
}

describe('options of a container', () => {
  it('are sent as a wish, paths as seen from the folder of the call', async () => {
    await using api = await startFakeApi((_, response) =>
      answerJson(response, { ...shownAgent(), message: null, notes: [] }, 201),
    )
    const line = 'run chat --build app --dockerfile deploy/Dockerfile --target dev --user node'
    const more =
      '--mount data --mount /srv/x:/x:ro --mount volume=npm:/cache --read-only --tmpfs /scratch'
    const last = '--cap-add CHOWN --env-file /etc/agent.env --dir /d'
    await callCli(`${line} ${more} ${last}`.split(' '), { home: api.folder })
    expect(api.seen[0]?.body).toMatchObject({
      container: {
        build: { context: expect.stringMatching(/^\/.*\/app$/) as string, target: 'dev' },
        user: 'node',
        mounts: [
          { source: expect.stringMatching(/^\/.*\/data$/) as string },
          { source: '/srv/x', target: '/x', isReadOnly: true },
          { volume: 'npm', target: '/cache' },
        ],
        readOnly: true,
        tmpfs: ['/scratch'],
        capAdd: ['CHOWN'],
        envFile: '/etc/agent.env',
      },
    })
  })

  it('that are not given ask for nothing', () => {
    expect(createContainerRequest({}, '/here')).toEqual({})
  })

  it('name an image, a service or a container', () => {
    expect(wishOf({ image: 'node:22' })).toEqual({ image: 'node:22' })
    expect(wishOf({ container: 'web' })).toEqual({ name: 'web' })
    expect(wishOf({ compose: 'a:b/compose.yaml:web' })).toEqual({
      compose: { file: '/here/a:b/compose.yaml', service: 'web' },
    })
  })

  it.each<[ContainerOptions, string]>([
    [{ compose: 'compose.yaml' }, '--compose: "compose.yaml" is not FILE:SERVICE'],
    [{ target: 'dev' }, '--target: goes with --build'],
    [{ dockerfile: 'Dockerfile' }, '--dockerfile: goes with --build'],
    [{ mount: ['/a:b:/c'] }, 'container.mounts of a template'],
    [{ mount: ['cache:/c'] }, 'give ./cache or volume=cache'],
    [{ mount: ['type=bind,source=/a,target=/b'] }, 'give SOURCE:TARGET'],
  ])('that can not be meant (%j) are refused, with the way out', (options, problem) => {
    expect(problemOf(options)).toContain(problem)
  })

  it('take a path with a comma as it is', () => {
    expect(wishOf({ mount: ['/a,b:/c'] })).toEqual({ mounts: [{ source: '/a,b', target: '/c' }] })
  })
})

describe('a container in words', () => {
  const plain = {
    mounts: [],
    readOnly: false,
    tmpfs: [],
    capAdd: [],
    newPrivileges: false,
    engineSocket: false,
  }

  it('is one line where all is as usual', () => {
    expect(containerText({ ...plain, image: 'drover-agent' })).toBe('of image drover-agent')
    expect(containerText({ ...plain, image: 'node:24' }, 'drover-agent_1')).toBe(
      'drover-agent_1, of image node:24',
    )
    expect(containerText({ ...plain, name: 'web' })).toBe('web, which is not its own')
    expect(containerText(undefined)).toBeNull()
  })

  it('tells all that was asked for', () => {
    const mounts = [
      { source: '/a', isReadOnly: true },
      { volume: 'npm', target: '/cache', isReadOnly: false },
    ]
    const build = { context: '/p', target: 'dev' }
    const text = containerText({ ...plain, build, mounts, engineSocket: true, tmpfs: ['/t'] })
    expect(text?.split('\n')).toEqual([
      'built from /p/Dockerfile, stage dev',
      'sees: /a, read-only',
      'sees: volume npm at /cache',
      'in memory: /t',
      "engine's socket: seen inside",
    ])
  })
})
