import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;

/** A Kafka Streams application that ends when it has read so many records, and prints what it cost as a line of JSON. */
final class Application {
    final StreamsBuilder builder = new StreamsBuilder();
    final Properties settings = new Properties();
    private final Scratch scratch = new Scratch();
    private final long records;
    private final AtomicLong read = new AtomicLong();
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong first = new AtomicLong();
    private final CountDownLatch all = new CountDownLatch(1);

    Application(String brokers, String name, long records) throws IOException {
        this.records = records;
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, name);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, scratch.folder().toString());
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), "20");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.ACKS_CONFIG), "all");
    }

    /** To be called at each record that comes in. */
    void reading() {
        long number = read.incrementAndGet();
        if (number == 1) first.set(System.nanoTime());
        if (number == records) all.countDown();
    }

    /** To be called at each record that goes out. */
    void writing() {
        written.incrementAndGet();
    }

    void run() throws Exception {
        var streams = new KafkaStreams(builder.build(), settings);
        streams.start();
        all.await();
        // Closing does what is under way, sends what waits, waits for the acknowledgements, and commits.
        streams.close(Duration.ofSeconds(60));
        double seconds = (System.nanoTime() - first.get()) / 1e9;
        System.out.printf(
            "{\"records\":%d,\"outputs\":%d,\"cpu_s\":%f,\"wall_s\":%f,\"peak_mb\":%f}%n",
            read.get(), written.get(), cpuSeconds(), seconds, peakMegabytes());
        scratch.close();
        System.exit(0);
    }

    private static double cpuSeconds() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
    }

    private static double peakMegabytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024 / 1e6;
            }
        }
        return 0;
    }
}
