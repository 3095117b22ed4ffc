import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/** P1 of the benchmark in Kafka Streams: BROKERS FROM TO APPLICATION RECORDS. Prints what it cost as a line of JSON. */
public final class P1 {
    @JsonIgnoreProperties(ignoreUnknown = true)
    public static final class Trade {
        public long id;
        public long ts;
        public String symbol;
        public String side;
        public double price;
        public long qty;
    }

    public record Notional(long id, String symbol, long ts, double notional) {}

    public static void main(String[] args) throws Exception {
        long records = Long.parseLong(args[4]);
        var read = new AtomicLong();
        var written = new AtomicLong();
        var first = new AtomicLong();
        var all = new CountDownLatch(1);

        var builder = new StreamsBuilder();
        builder.stream(args[1], Consumed.with(Serdes.ByteArray(), trades()))
            .peek((key, trade) -> {
                long number = read.incrementAndGet();
                if (number == 1) first.set(System.nanoTime());
                if (number == records) all.countDown();
            })
            .filter((key, trade) -> trade.price > 100 && trade.qty >= 50 && trade.side.equals("buy"))
            .mapValues(trade -> new Notional(trade.id, trade.symbol, trade.ts, trade.price * trade.qty))
            .peek((key, notional) -> written.incrementAndGet())
            .to(args[2], Produced.with(Serdes.ByteArray(), notionals()));

        var settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, args[3]);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("streams").toString());
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), "20");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.ACKS_CONFIG), "all");
        var streams = new KafkaStreams(builder.build(), settings);
        streams.start();
        all.await();
        // Closing sends what waits, waits for the acknowledgements, and commits.
        streams.close(Duration.ofSeconds(60));
        double seconds = (System.nanoTime() - first.get()) / 1e9;

        System.out.printf(
            "{\"records\":%d,\"outputs\":%d,\"cpu_s\":%f,\"wall_s\":%f,\"peak_mb\":%f}%n",
            read.get(), written.get(), cpuSeconds(), seconds, peakMegabytes());
        System.exit(0);
    }

    private static Serde<Trade> trades() {
        ObjectReader reader = new ObjectMapper().readerFor(Trade.class);
        return Serdes.serdeFrom((topic, trade) -> null, (topic, bytes) -> {
            try {
                return reader.readValue(bytes);
            } catch (java.io.IOException why) {
                throw new java.io.UncheckedIOException(why);
            }
        });
    }

    private static Serde<Notional> notionals() {
        ObjectWriter writer = new ObjectMapper().writerFor(Notional.class);
        return Serdes.serdeFrom((topic, notional) -> {
            try {
                return writer.writeValueAsBytes(notional);
            } catch (java.io.IOException why) {
                throw new java.io.UncheckedIOException(why);
            }
        }, (topic, bytes) -> null);
    }

    private static double cpuSeconds() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
    }

    private static double peakMegabytes() throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024 / 1e6;
            }
        }
        return 0;
    }
}
