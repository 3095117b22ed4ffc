import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/**
 * Counts records in windows, from topic to topic of a Kafka: BROKERS FROM TO APPLICATION RECORDS WINDOW EMIT. FROM may be
 * several topics with as many partitions each, by commas; RECORDS is how many lie in them; WINDOW and EMIT are those of a
 * case of {@link Windows}, and have the same meaning. Writes windowed keys in Kafka Streams' own binary form, values such
 * as {@code {"count":3}}, and nothing else for a tombstone; to the partition of the inner key. What it cost it prints as a
 * line of JSON.
 */
public final class WindowsOnKafka {
    public record Count(long count) {}

    public static void main(String[] args) throws Exception {
        var application = new Application(args[0], args[3], Long.parseLong(args[4]));
        var windowing = Windowing.of(new ObjectMapper().readTree(args[5]));
        boolean isOnClose = Case.isOnClose(args[6]);
        List<String> topics = List.of(args[1].split(","));
        var stream = application.builder.stream(topics, Consumed.with(Serdes.String(), Serdes.Bytes()))
            .peek((key, value) -> application.reading())
            .groupByKey();
        var counting = new Windowing.Aggregation<Object, Count>(
            () -> new Count(0),
            (key, value, count) -> new Count(count.count + 1),
            (key, one, two) -> new Count(one.count + two.count),
            Json.serde(Count.class));
        windowing.table(stream, isOnClose, counting, new Windowing.Keeping(new Stores(), null, true)).toStream()
            .peek((key, count) -> application.writing())
            .to(args[2], Produced.with(windowing.serde(), Json.serde(Count.class)));
        application.settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0L);
        application.settings.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 0L);
        application.run();
    }
}
