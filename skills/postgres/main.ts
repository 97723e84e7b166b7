import { isRecord } from '../json.ts'
import type { MainPart } from '../probe/main-part.ts'
import { askDatabase, type Question } from './main/ask.ts'
import { Ledger } from './main/ledger.ts'
import { watchModules } from './main/modules.ts'
import { Patch } from './main/patch.ts'
import { readDetails, readLedger } from './main/readings.ts'

let ledger = new Ledger()

/** Main's half of the skill `postgres`: takes notes of what passes the driver `pg`. */
export const postgresMain: MainPart = {
  skill: 'postgres',
  install: () => {
    ledger = new Ledger()
    const patch = new Patch(ledger)
    const stop = watchModules((exported) => patch.see(exported))
    return () => {
      stop()
      patch.undo()
    }
  },
  read: () => readLedger(ledger),
  functions: {
    'postgres.read': { run: () => readLedger(ledger) },
    'postgres.details': {
      run: (input) => readDetails(ledger, isRecord(input) ? numbersOf(input['ids']) : []),
    },
    'postgres.ask': {
      isAsync: true,
      run: (input) => {
        const seen = isRecord(input) ? input : {}
        return askDatabase(ledger, Number(seen['pool']), questionsOf(seen['questions']))
      },
    },
  },
}

function numbersOf(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'number') : []
}

function questionsOf(value: unknown): Question[] {
  const questions: Question[] = []
  for (const item of Array.isArray(value) ? value : []) {
    if (!isRecord(item) || typeof item['name'] !== 'string') continue
    const { name, sql, explain } = item
    if (typeof sql === 'string') questions.push({ name, sql })
    if (typeof explain === 'number') questions.push({ name, explain })
  }
  return questions
}
