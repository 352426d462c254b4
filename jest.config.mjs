export default {
  runner: 'jest-light-runner', // bare Node: no VM context, no transform, Node strips the types itself
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
}
