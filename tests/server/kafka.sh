#!/bin/sh
# kafka.sh [DIR]: fetch a broker of Apache Kafka with Maven, for kafka.bats: its jars come into DIR (build/kafka).  Does nothing
# if they are there.  Maven goes by its own settings; MAVEN_REPO=URL is asked besides.  Needs mvn and Java 17.

set -u

version=4.3.1
dir=${1:-build/kafka}/$version

[ ! -e "$dir/complete" ] || { echo "kafka: $version is there"; exit 0; }
for program in mvn java; do
	command -v $program >/dev/null 2>&1 || { echo "kafka: no $program, so kafka.bats has no broker" >&2; exit 1; }
done

repositories=
[ -z "${MAVEN_REPO:-}" ] ||
	repositories="<repositories><repository><id>named</id><url>$MAVEN_REPO</url></repository></repositories>"
mkdir -p "$dir" || exit 1
cat >"$dir/pom.xml" <<END
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>mq</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  $repositories
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
  </dependencies>
</project>
END

# -C: a jar whose checksum is wrong is refused.
mvn -q -B -C -f "$dir/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=. >"$dir/mvn.log" 2>&1 || {
	echo "kafka: not to be had, so kafka.bats has no broker (see $dir/mvn.log)" >&2
	exit 1
}
touch "$dir/complete"
echo "kafka: $version, $(find "$dir" -name '*.jar' | wc -l) jars in $dir"
