import { EngineError } from './engine.ts'
import { chooseJava, majorFrom } from './find-java.ts'

describe('the choice of a Java', () => {
  const javas = [{ home: '/jvm/17', major: 17 }, { home: '/jvm/25', major: 25 }, { home: '/jvm/11', major: 11 }]

  it('takes the newest that the program runs on', () => {
    expect(chooseJava('Cassandra', { first: 11, last: 17 }, javas).home).toBe('/jvm/17')
    expect(chooseJava('Elasticsearch', { first: 21, last: 25 }, javas).home).toBe('/jvm/25')
  })

  it('says which there are and what to install when none will do', () => {
    expect(() => chooseJava('Elasticsearch', { first: 21, last: 25 }, javas.slice(0, 1))).toThrow(EngineError)
    expect(() => chooseJava('Elasticsearch', { first: 21, last: 25 }, javas.slice(0, 1))).toThrow('Elasticsearch needs Java 21 to 25 and found only 17 (/jvm/17): install one, such as openjdk-21-jre-headless')
    expect(() => chooseJava('Kafka', { first: 17, last: 25 }, [])).toThrow('found none')
  })

  it.each([
    ['IMPLEMENTOR="Debian"\nJAVA_VERSION="17.0.15"\n', 17],
    ['JAVA_VERSION="25"\n', 25],
    ['openjdk version "21.0.2" 2024-01-16\n', 21],
    ['java version "1.8.0_402"\n', undefined],
    ['', undefined],
  ])('reads the major version of %j', (text, major) => {
    expect(majorFrom(text)).toBe(major)
  })
})
