import nx from '@nx/eslint-plugin'
import tseslint from 'typescript-eslint'

const drivers = ['kafkajs', '@platformatic/kafka', 'cassandra-driver', '@elastic/elasticsearch', 'ioredis', 'node:sqlite']
const ambient = [
  ['Date', 'now', 'Take a Clock.'],
  ['Math', 'random', 'Take a Random.'],
] as const
const timers = ['setTimeout', 'setInterval'].map((name) => ({ name, message: 'Take a Clock.' }))

/** Which layer may import which; the table stands in CONTRIBUTING.md. */
const layers = {
  model: ['model'],
  base: ['base', 'model'],
  codec: ['codec', 'model'],
  wire: ['wire', 'codec', 'model'],
  port: ['port', 'base', 'model'],
  engine: ['engine', 'codec', 'port', 'base', 'model'],
  test: ['test', 'port', 'base', 'model'],
  app: ['app', 'engine', 'wire', 'codec', 'port', 'base', 'model'],
  tool: ['tool', 'app', 'test', 'engine', 'wire', 'codec', 'port', 'base', 'model'],
}

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules', '**/testdata'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: { allowDefaultProject: ['*.ts'] } } },
    plugins: { '@nx': nx, '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-imports': ['error', { paths: drivers.map((name) => ({ name, message: 'Only an adapter may import a driver.' })) }],
      'no-restricted-properties': ['error', ...ambient.map(([object, property, message]) => ({ object, property, message }))],
      'no-restricted-globals': ['error', ...timers],
      'no-console': 'error',
      'no-empty': 'error',
      '@nx/enforce-module-boundaries': [
        'error',
        { allow: [], depConstraints: Object.entries(layers).map(([layer, may]) => ({ sourceTag: `layer:${layer}`, onlyDependOnLibsWithTags: may.map((name) => `layer:${name}`) })) },
      ],
    },
  },
  {
    // Apps are wired together in one place only; commands may do an app's work once.
    files: ['apps/!(standalone|cli)/src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', { selector: 'ImportDeclaration[source.value=/^@millrace\\/(gateway|intake|router|writer|indexer|query|standalone)\\//]', message: 'Only standalone may import apps.' }] },
  },
  // In a browser there is one clock, and nothing to simulate.
  { files: ['apps/web/src/**/*.{ts,tsx}'], rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' } },
  { files: ['libs/*/src/{sqlite,kafka,cassandra,elasticsearch,redis}-*.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['libs/runtime/src/**/*.ts', '**/main.ts', 'tools/**/*.ts', '**/*.test.ts', '**/*.bench.ts', '**/*.conformance.ts'], rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off', 'no-console': 'off' } },
  {
    // A test may use what its own project must not: the simulator, a client's driver, another layer's reader.
    files: ['**/*.test.ts', '**/*.bench.ts', 'tools/capture/*.ts'],
    rules: { '@nx/enforce-module-boundaries': 'off', 'no-restricted-imports': 'off', 'no-restricted-syntax': 'off', '@typescript-eslint/no-floating-promises': 'off' },
  },
)
