#!/bin/sh
# Compile into ./build with Debian's packages, and leave the class path in build/classpath:
#   apt-get install openjdk-17-jdk-headless protobuf-compiler protobuf-compiler-grpc-java-plugin \
#     libgeronimo-annotation-1.3-spec-java libgrpc-java libguava-java libnetty-java libperfmark-java libprotobuf-dev \
#     libprotobuf-java
set -eu
cd "$(dirname "$0")"
mkdir -p build/generated
protoc --java_out=build/generated --grpc-java_out=build/generated \
  --plugin=protoc-gen-grpc-java="$(command -v grpc_java_plugin)" tensorflow.proto tensorflow_serving.proto

classpath=build
for jar in grpc-api grpc-context grpc-core grpc-netty grpc-protobuf grpc-protobuf-lite grpc-stub protobuf guava \
  perfmark-api geronimo-annotation-1.3-spec netty-buffer netty-codec netty-codec-http netty-codec-http2 \
  netty-common netty-handler netty-resolver netty-transport; do
  classpath="$classpath:/usr/share/java/$jar.jar"
done
find build/generated -name '*.java' > build/sources
javac -encoding UTF-8 -d build -cp "$classpath" @build/sources SentimentClient.java Predict.java
echo "$classpath" > build/classpath
