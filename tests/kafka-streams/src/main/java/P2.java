import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.WindowStore;

/**
 * P2 of the benchmark in Kafka Streams: BROKERS FROM TO APPLICATION RECORDS. Count, sum, average and maximum of the price
 * for each key in tumbling windows of a second, with half a second of grace, when they close. Prints what it cost as a
 * line of JSON.
 */
public final class P2 {
    /** What a window knows; {@code avg} follows when it is written. */
    public record Prices(long count, double sum, double max) {
        Prices and(double price) {
            return new Prices(count + 1, sum + price, Math.max(max, price));
        }
    }

    /** Longer than Kafka Streams keeps windows by itself, which loses results and costs nearly twice the CPU. */
    private static final Duration KEPT = Duration.ofHours(1);

    public record Summary(long count, double sum, double avg, double max) {}

    public static void main(String[] args) throws Exception {
        var application = new Application(args[0], args[3], Long.parseLong(args[4]));
        var trades = Json.serde(Trade.class);
        Duration size = Duration.ofSeconds(1);
        application.builder.stream(args[1], Consumed.with(Serdes.String(), trades))
            .peek((key, trade) -> application.reading())
            .groupByKey(Grouped.with(Serdes.String(), trades))
            .windowedBy(TimeWindows.ofSizeAndGrace(size, Duration.ofMillis(500)))
            .emitStrategy(EmitStrategy.onWindowClose())
            .aggregate(
                () -> new Prices(0, 0, Double.NEGATIVE_INFINITY),
                (key, trade, prices) -> prices.and(trade.price),
                Materialized.<String, Prices, WindowStore<Bytes, byte[]>>with(Serdes.String(), Json.serde(Prices.class))
                    .withRetention(KEPT))
            .toStream()
            .mapValues(prices -> new Summary(prices.count, prices.sum, prices.sum / prices.count, prices.max))
            .peek((key, summary) -> application.writing())
            .to(args[2], Produced.with(
                WindowedSerdes.timeWindowedSerdeFrom(String.class, size.toMillis()), Json.serde(Summary.class)));
        // Left to itself it looks for closed windows once in a second of the wall clock, and those of the end never come.
        application.settings.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 0L);
        application.run();
    }
}
