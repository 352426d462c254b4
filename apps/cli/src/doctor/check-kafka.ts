import type { KafkaFacts, TopicFacts } from '@millrace/bus/inspect-kafka'
import type { Topics } from '@millrace/bus/topics'
import type { ServiceSettings } from '@millrace/service/settings'
import { counted, type Notes } from './finding.ts'

type Settings = Pick<ServiceSettings, 'kafkaReplicationFactor' | 'kafkaMinInsyncReplicas'>

/** What is wrong with a Kafka that answers. @param topics of the generation; undefined where it is not known. */
export function checkKafka(notes: Notes, { brokers, makesTopics, topics: found }: KafkaFacts, topics: Topics | undefined, settings: Settings): void {
  if (brokers < settings.kafkaReplicationFactor) notes.problem(`${counted(brokers, 'broker')} for ${settings.kafkaReplicationFactor} copies`, 'topics with more copies than brokers cannot be made', 'start the missing brokers, or lower MILLRACE_KAFKA_REPLICATION_FACTOR')
  else if (brokers < 3) notes.note(counted(brokers, 'broker'), 'one that is lost stops intake, and its disk is the only one', 'have three brokers and MILLRACE_KAFKA_REPLICATION_FACTOR=3, MILLRACE_KAFKA_MIN_INSYNC_REPLICAS=2 before the topics are made')
  else notes.ok(`${brokers} brokers`)
  if (makesTopics === true) notes.note('topics make themselves', 'a topic that was lost would come back empty, with the brokers’ defaults', 'set auto.create.topics.enable=false on every broker')
  if (topics === undefined) return
  for (const name of [topics.batches, topics.routed, topics.commits, topics.deadLetters]) {
    const topic = found.find((each) => each.name === name)
    if (topic === undefined) notes.problem(`there is no topic ${name}`, 'it was deleted, or this is the Kafka of another installation', 'mend MILLRACE_KAFKA_BROKERS; if it is truly lost, stop intake and routers and read Backup in docs/operations.md before anything else')
    else checkTopic(notes, topic, topics.partitions, settings)
  }
}

function checkTopic(notes: Notes, { name, partitions, settings: has }: TopicFacts, wanted: number, { kafkaReplicationFactor, kafkaMinInsyncReplicas }: Settings): void {
  const problems: [what: string, cause: string, fix: string][] = []
  if (partitions.length !== wanted) problems.push([`${name} has ${counted(partitions.length, 'partition')} instead of ${wanted}`, 'somebody has changed the topic, and each tenant has its partitions for ever', 'go on in a new installation: docs/operations.md, Backup'])
  const headless = partitions.filter(({ hasLeader }) => !hasLeader)
  const late = partitions.filter(({ inSync, replicas }) => inSync < replicas)
  if (headless.length > 0) problems.push([`${counted(headless.length, 'partition')} of ${name} without a leader`, 'all brokers with an up-to-date copy are away', 'bring a broker back that was in sync; never allow an unclean leader'])
  else if (late.length > 0) problems.push([`${counted(late.length, 'partition')} of ${name} with a copy that is not in sync`, 'a broker is away or cannot keep up; one more and intake stops', 'look at the brokers: kafka-topics --describe --under-replicated-partitions'])
  for (const [setting, value, cause] of NEEDED) {
    if (has.get(setting) !== undefined && has.get(setting) !== value) problems.push([`${name} has ${setting}=${has.get(setting) ?? ''}`, cause, `kafka-configs --alter --topic ${name} --add-config ${setting}=${value}`])
  }
  for (const problem of problems) notes.problem(...problem)
  const copies = partitions[0]?.replicas ?? 0
  const inSync = Number(has.get('min.insync.replicas') ?? kafkaMinInsyncReplicas)
  if (copies !== kafkaReplicationFactor || inSync !== kafkaMinInsyncReplicas) notes.note(`${name} has ${counted(copies, 'copy', 'copies')} and min.insync.replicas=${inSync}, and the settings say ${kafkaReplicationFactor} and ${kafkaMinInsyncReplicas}`, 'the settings count only when topics are made', 'kafka-configs for min.insync.replicas and kafka-reassign-partitions for copies, or change the settings')
  else if (problems.length === 0) notes.ok(`${name}: ${counted(partitions.length, 'partition')}, ${counted(copies, 'copy', 'copies')}, all in sync`)
}

/** As `millrace migrate` has made topics. */
const NEEDED: readonly (readonly [setting: string, value: string, cause: string])[] = [
  ['cleanup.policy', 'delete', 'compaction removes records that are not stored yet'],
  ['retention.ms', '-1', 'records go by age, whether they are stored or not'],
  ['retention.bytes', '-1', 'records go by size, whether they are stored or not'],
  ['unclean.leader.election.enable', 'false', 'a broker that lacks acknowledged records may become leader'],
]
