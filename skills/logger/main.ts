import { epochMs } from '../probe/clock.ts'
import type { MainPart } from '../probe/main-part.ts'
import { hearProcess } from '../probe/process-events.ts'
import { describeThrown } from '../probe/stack-text.ts'
import { LogIntake } from './intake.ts'
import { ListenerWatch } from './listener-watch.ts'
import { LoggerPackages } from './packages.ts'
import { QuietEmitters } from './quiet-emitters.ts'
import { LogTaps } from './taps.ts'

interface Logs {
  readonly intake: LogIntake
  readonly listeners: ListenerWatch
  readonly packages: LoggerPackages
  readonly quiet: QuietEmitters
}

/** Main's half: taps the logs, counts them by pattern, and keeps a few lines. */
export function loggerPart(): MainPart {
  let logs: Logs | undefined
  return {
    skill: 'logger',
    functions: {
      'logger.patterns': { run: () => logs?.intake.table.rows() ?? [] },
      'logger.lines': { run: () => logs?.intake.lines() ?? [] },
      'logger.listeners': { run: () => logs?.listeners.rows() ?? [] },
    },
    install: () => {
      const intake = new LogIntake()
      const listeners = new ListenerWatch()
      const taps = new LogTaps(intake)
      const stopTaps = taps.start()
      const stopWarnings = hearProcess('warning', ([warning]) => {
        const { name, message } = describeThrown(warning)
        intake.line('warn', 'process', `${name}: ${message}`, warning)
        if (typeof warning === 'object' && warning !== null) listeners.note(warning, epochMs())
      })
      const quiet = new QuietEmitters()
      const stopQuiet = quiet.start()
      logs = { intake, listeners, packages: new LoggerPackages(taps), quiet }
      return () => {
        logs = undefined
        stopQuiet()
        stopWarnings()
        stopTaps()
      }
    },
    read: () => {
      if (logs === undefined) return {}
      logs.packages.look()
      for (const { emitter, type } of logs.quiet.crowded())
        logs.listeners.follow(emitter, type, epochMs())
      return { ...logs.intake.read(), listeners: logs.listeners.counts() }
    },
  }
}
