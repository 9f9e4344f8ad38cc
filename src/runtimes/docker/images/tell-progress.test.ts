import { expect, it } from 'vitest'
import type { Progress } from '../engine/progress.ts'
import { tellBuild, tellPull } from './tell-progress.ts'

const line = (text: string, rest: Partial<Progress> = {}): Progress => ({
  text,
  layer: null,
  currentBytes: null,
  totalBytes: null,
  ...rest,
})

it('a pull tells how much of all layers is there', () => {
  const told: string[] = []
  const tell = tellPull('debian', (text) => void told.push(text))
  tell(line('Pulling from library/debian'))
  tell(line('Downloading', { layer: 'a', currentBytes: 50, totalBytes: 100 }))
  tell(line('Downloading', { layer: 'b', currentBytes: 0, totalBytes: 300 }))
  tell(line('Download complete', { layer: 'a' }))
  tell(line('Extracting', { layer: 'b', currentBytes: 1, totalBytes: 999 }))
  expect(told).toEqual([
    'pulling debian',
    'pulling debian: 50%',
    'pulling debian: 12%',
    'pulling debian: 25%',
    'pulling debian: 100%',
  ])
})

it('a build tells its step, in one line of bounded length', () => {
  const told: string[] = []
  const tell = tellBuild('here', (text) => void told.push(text))
  tell(line('Downloading', { currentBytes: 1, totalBytes: 4 }))
  tell(line('Step 2/3 : RUN one &&\\\n    two'))
  tell(line('what the step says'))
  tell(line(`Step 3/3 : RUN ${'x'.repeat(500)}`))
  expect(told.slice(0, 3)).toEqual([
    'building here: Downloading 25%',
    'building here: step 2/3: RUN one &&\\ two',
    'building here: step 2/3: RUN one &&\\ two',
  ])
  tell(line('Step 4/4 : RUN : get git and tmux; missing=; for tool in'))
  expect(told[4]).toBe('building here: step 4/4: get git and tmux')
  expect(told[3]?.length).toBeLessThan(120)
})
