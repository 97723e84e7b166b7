// run alone: it makes hundreds of threads

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { leftOut } from '../support/left-out.ts'
import { Laboratory } from './campaign.ts'
import { otpVersion } from './erlang.ts'
import { type Known, knownDivergences, repairedDivergences } from './known.ts'
import type { Family } from './placement.ts'
import { describeDivergence } from './show.ts'

/** Threads of their own take 30 ms of a core each, so there are fewer programs with them. */
const SET: readonly { readonly family: Family; readonly programs: number }[] = [
  { family: 'here', programs: 200 },
  { family: 'shared', programs: 200 },
  { family: 'mixed', programs: 200 },
  { family: 'own', programs: 30 },
]
const FIRST_SEED = 1

const version = otpVersion()

if (version === undefined) {
  leftOut('nodelens does what OTP does', 'needs erl (Debian: apt-get install erlang-base)')
} else {
  describe(`nodelens does what OTP ${version} does`, () => {
    let laboratory: Laboratory
    before(async () => {
      laboratory = await Laboratory.open()
    })
    after(() => laboratory.close())

    for (const { family, programs } of SET) {
      it(`in ${programs} random programs, placed ${family}`, async () => {
        const divergences = await laboratory.run({ family, firstSeed: FIRST_SEED, programs })
        const fresh = divergences.filter(({ knownAs }) => knownAs === undefined)
        assert.deepEqual(fresh.map(describeDivergence), [])
      })
    }
  })

  describe('differed once, and does not any more', () => {
    for (const repaired of repairedDivergences()) {
      it(repaired.title, async () => {
        assert.equal(await differs(repaired), false, `${repaired.file} differs from OTP again.`)
      })
    }
  })

  describe('known to differ, until it is repaired', () => {
    for (const known of knownDivergences()) {
      it(known.title, async () => {
        assert.ok(
          await differs(known),
          `${known.file} does not differ from OTP any more: remove it from test/differential/known.`,
        )
      })
    }
  })
}

/** In a runtime of its own: a race may need threads that have not met yet. */
async function differs({ program, family, runs, options }: Known): Promise<boolean> {
  for (let run = 0; run < runs; run++) {
    const laboratory = await Laboratory.open()
    try {
      const { agrees } = await laboratory.try(program, family, options)
      if (!agrees) return true
    } finally {
      await laboratory.close()
    }
  }
  return false
}
