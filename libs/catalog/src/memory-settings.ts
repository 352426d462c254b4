import { SettingConflictError, type Setting, type Settings } from './catalog.ts'

/** Settings that live as long as the process, for tests of what uses them. */
export function memorySettings(): Settings {
  const known = new Map<string, Setting>()
  return {
    readSetting: (tenantId, name) => Promise.resolve(known.get(`${tenantId} ${name}`)),
    writeSetting: (tenantId, name, value, expectedVersion) => {
      const version = known.get(`${tenantId} ${name}`)?.version ?? 0
      if (version !== expectedVersion) return Promise.reject(new SettingConflictError(`${name} has version ${version}`))
      known.set(`${tenantId} ${name}`, { value, version: version + 1 })
      return Promise.resolve(version + 1)
    },
  }
}
