'use strict'

/** Everything that can be set, texts in all languages included. */
const defaults = {
  theme: 'light',
  limits: { seats: 10, projects: 3 },
  texts: Object.fromEntries(
    Array.from({ length: 90 }, (_, language) => [
      `language-${language}`,
      Object.fromEntries(
        Array.from({ length: 340 }, (__, key) => [
          `key-${key}`,
          { text: `text ${key}`, tags: ['ui', 'v2'] },
        ]),
      ),
    ]),
  ),
}

function overridesOf(tenant) {
  return tenant.startsWith('team-') ? { theme: 'dark', limits: { seats: 50 } } : undefined
}

module.exports = { defaults, overridesOf }
