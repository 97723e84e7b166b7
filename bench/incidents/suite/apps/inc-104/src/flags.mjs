import { Pool } from 'undici'

const flagService = new Pool(process.env.UPSTREAM_URL, { connections: 6 })

/** A flag that the service does not know is off. */
export async function isEnabled(flag) {
  const { statusCode, body } = await flagService.request({ method: 'GET', path: `/flags/${flag}` })
  if (statusCode !== 200) return false
  const { enabled } = await body.json()
  return enabled === true
}
