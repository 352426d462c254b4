/**
 * The go.mod of a program that is made of one module and takes all versions from that module's own go.mod. Parts of Kubernetes that its go.mod gives the version
 * v0.0.0 lie beside it in its repository; they are published under v0, with the minor version and patch of Kubernetes.
 */
export function goModuleOf(goMod: string, { name, path, version }: { readonly name: string; readonly path: string; readonly version: string }): string {
  const published = version.replace(/^v1\./, 'v0.')
  const lines = goMod.split('\n')
  const requirements = lines.flatMap((line) => {
    const [, module = '', required = ''] = /^(?:require\s+|\s+)([^\s()]+)\s+(v\S+)(?:\s+\/\/.*)?$/.exec(line) ?? []
    return module === '' ? [] : [{ module, required }]
  })
  const own = requirements.filter(({ required }) => required === 'v0.0.0').map(({ module }) => module)
  return [
    `module millrace.invalid/${name}`,
    ...lines.filter((line) => /^(?:go|godebug) /.test(line)),
    'require (', `\t${path} ${version}`, ...requirements.map(({ module, required }) => `\t${module} ${required === 'v0.0.0' ? published : required}`), ')',
    ...(own.length === 0 ? [] : ['replace (', ...own.map((module) => `\t${module} => ${module} ${published}`), ')']),
    '',
  ].join('\n')
}
