#!/usr/bin/env node
/** The command `nodelens`. Exit codes: 0 well, 1 failed, 2 wrong usage, 3 something was found. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { nearest } from '../nearest.ts'
import { durationOf, history } from './history.ts'
import { investigate } from './investigate.ts'
import { resultText } from './print.ts'
import { top } from './top.ts'

const USAGE = `Usage:
  nodelens investigate <pid> [--reason <text>] [--skills vm,tables] [--model rules]
                             [--deadline <seconds>] [--json]
      Attaches to a running Node process, also to one whose event loop is stuck, finds the root
      cause and leaves. Exit code 3 when something was found. Its inspector is opened for the time
      on 127.0.0.1:9229 (SIGUSR1), which prints a line on the process's stderr.
  nodelens top <observer address> [--token <token>] [--once]
      The actor tree, once a second. The address is what start() or NODELENS_OBSERVER gave.
  nodelens history <journal file> [--since 24h] [--run <run id>] [--json]
      What a journal (NODELENS_JOURNAL) tells: runs, insights, what the models cost. The process
      may be running, or dead. With --run and --json: everything of one run, the conversations too.
  nodelens --version | --help
`

const OPTIONS = {
  reason: { type: 'string' },
  skills: { type: 'string' },
  model: { type: 'string' },
  deadline: { type: 'string' },
  json: { type: 'boolean' },
  since: { type: 'string' },
  run: { type: 'string' },
  token: { type: 'string' },
  once: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

class WrongUsage extends Error {}

async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(argv)
  const [command, target] = positionals
  if (values.version) return say(`${version()}\n`)
  if (values.help || command === undefined)
    return say(USAGE, command === undefined && !values.help ? 2 : 0)
  if (command === 'investigate') return runInvestigate(target, values)
  if (command === 'top') return runTop(target, values)
  if (command === 'history') return runHistory(target, values)
  const meant = nearest(command, ['investigate', 'top', 'history'])
  throw new WrongUsage(`unknown command '${command}'${meant ? `; did you mean '${meant}'?` : ''}`)
}

type Values = ReturnType<typeof parsed>['values']

async function runInvestigate(target: string | undefined, values: Values): Promise<number> {
  const pid = Number(target)
  if (!Number.isInteger(pid) || pid < 1) {
    throw new WrongUsage(`investigate: expected a process id, got '${target ?? ''}'`)
  }
  const seconds = values.deadline === undefined ? 60 : Number(values.deadline)
  if (!(seconds >= 1 && seconds <= 3600)) {
    throw new WrongUsage(`--deadline: expected 1 to 3600 seconds, got '${values.deadline}'`)
  }
  const { reason, model, skills } = values
  const result = await investigate({
    pid,
    deadlineMs: seconds * 1000,
    ...(reason === undefined ? {} : { reason }),
    ...(model === undefined ? {} : { model }),
    ...(skills === undefined ? {} : { skills: skills.split(',') }),
  })
  say(values.json ? `${JSON.stringify(result)}\n` : resultText(result))
  return result.insights.some(({ severity }) => severity !== 'info') ? 3 : 0
}

async function runTop(target: string | undefined, values: Values): Promise<number> {
  if (target === undefined || !URL.canParse(target)) {
    throw new WrongUsage(
      `top: expected the observer's address, such as http://127.0.0.1:4680, got '${target ?? ''}'`,
    )
  }
  const abort = new AbortController()
  process.once('SIGINT', () => abort.abort())
  const token = values.token ?? process.env['NODELENS_OBSERVER_TOKEN']
  await top({
    url: target,
    intervalMs: 1000,
    once: values.once ?? false,
    signal: abort.signal,
    write: (text) => void say(text),
    ...(token === undefined ? {} : { token }),
  })
  return 0
}

function runHistory(target: string | undefined, values: Values): number {
  if (target === undefined) throw new WrongUsage('history: expected the path of a journal file')
  const ms = values.since === undefined ? undefined : durationOf(values.since)
  if (values.since !== undefined && ms === undefined) {
    throw new WrongUsage(`--since: expected 90m, 24h or 7d, got '${values.since}'`)
  }
  const options = {
    ...(ms === undefined ? {} : { since: Date.now() - ms }),
    ...(values.run === undefined ? {} : { runId: values.run }),
  }
  return say(history(target, options, values.json ?? false))
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true })
  } catch (error) {
    throw new WrongUsage(error instanceof Error ? error.message : String(error))
  }
}

function version(): string {
  const file = new URL('../../../package.json', import.meta.url)
  const { version: own }: { version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return own
}

function say(text: string, code = 0): number {
  process.stdout.write(text)
  return code
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`nodelens: ${message}\n${error instanceof WrongUsage ? `\n${USAGE}` : ''}`)
  process.exitCode = error instanceof WrongUsage ? 2 : 1
}
