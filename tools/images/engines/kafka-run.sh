#!/bin/bash
# Writes the configuration from the KAFKA_ variables, formats a new data folder with CLUSTER_ID, and becomes the broker.
set -e
java=(/opt/java/openjdk/bin/java $KAFKA_HEAP_OPTS ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseG1GC -XX:MaxGCPauseMillis=50 -XX:+ExitOnOutOfMemoryError} -cp '/opt/kafka/libs/*')
output=$("${java[@]}" kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config 2>&1) ||
  [[ $output == *'already formatted'* ]] || { echo "$output" >&2; exit 1; }
exec "${java[@]}" -Dlog4j2.configurationFile=/opt/kafka/config/log4j2.yaml $KAFKA_OPTS kafka.Kafka /opt/kafka/config/server.properties
