import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.serialization.IntegerSerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;

/**
 * A case, run through a test driver of its own. Aggregates are the numbers of the rows that Kafka Streams gave to the
 * aggregator, in that order: rows with equal values stay apart, and any other aggregate follows from them.
 */
final class Driven {
    /** A result: the row that caused it, the bounds of its window if it has one, its rows or null for a tombstone. */
    record Out(int row, String key, Long start, Long end, List<Integer> rows, long ts) {}

    /** All results in order, and how many drops Kafka Streams counted at each row. */
    record Outcome(List<Out> out, List<Long> drops) {}

    private final List<Out> out = new ArrayList<>();
    private int row;

    private Driven() {}

    /** What the aggregate gives, at each update or at the close of windows as the case says. */
    static Outcome run(Case what, Path folder) {
        return new Driven().drive(what, false, folder);
    }

    /** What {@code suppress(untilWindowCloses(unbounded()))} gives behind an aggregate that changes at each update. */
    static Outcome suppressed(Case what, Path folder) {
        return new Driven().drive(what, true, folder);
    }

    private Outcome drive(Case what, boolean isSuppressed, Path folder) {
        var builder = new StreamsBuilder();
        var stream = builder.stream("in", Consumed.with(Serdes.String(), Serdes.Integer())).groupByKey();
        ProcessorSupplier<Object, List<Integer>, Void, Void> results = () -> this::note;
        table(what, isSuppressed, stream).toStream().process(results);
        var settings = new Properties();
        settings.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0L);
        // Left to itself, Kafka Streams looks for closed windows once in a second of the wall clock.
        settings.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 0L);
        List<Long> drops = new ArrayList<>();
        try (var driver = new TopologyTestDriver(builder.build(), settings)) {
            var in = driver.createInputTopic("in", new StringSerializer(), new IntegerSerializer());
            List<? extends Metric> counters = driver.metrics().values().stream()
                .filter(metric -> metric.metricName().name().equals("dropped-records-total")).toList();
            double before = 0;
            for (row = 0; row < what.rows().size(); row++) {
                Case.Row fed = what.rows().get(row);
                in.pipeInput(fed.key(), fed.value().isNull() ? null : row, fed.ts());
                double now = counters.stream().mapToDouble(counter -> (double) counter.metricValue()).sum();
                drops.add(Math.round(now - before));
                before = now;
            }
        }
        return new Outcome(out, drops);
    }

    private KTable<?, List<Integer>> table(Case what, boolean isSuppressed, KGroupedStream<String, Integer> stream) {
        var how = new Windowing.Aggregation<Integer, List<Integer>>(
            List::of, (key, value, rows) -> and(rows, List.of(row)), (key, one, two) -> and(one, two), rows());
        if (what.windowing() == null) {
            return stream.aggregate(how.initial(), how.add(), what.keeping().with(how.serde()));
        }
        if (isSuppressed) {
            return what.windowing().table(stream, false, how, Windowing.Keeping.WHOLE)
                .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded().withLoggingDisabled()));
        }
        return what.windowing().table(stream, what.isOnClose(), how, what.keeping());
    }

    private void note(Record<Object, List<Integer>> result) {
        if (result.key() instanceof Windowed<?> key) {
            var window = key.window();
            out.add(new Out(row, (String) key.key(), window.start(), window.end(), result.value(), result.timestamp()));
        } else {
            out.add(new Out(row, (String) result.key(), null, null, result.value(), result.timestamp()));
        }
    }

    private static List<Integer> and(List<Integer> one, List<Integer> two) {
        List<Integer> both = new ArrayList<>(one);
        both.addAll(two);
        return both;
    }

    private static Serde<List<Integer>> rows() {
        return Serdes.serdeFrom((topic, rows) -> {
            if (rows == null) return null;
            ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * rows.size());
            rows.forEach(bytes::putInt);
            return bytes.array();
        }, (topic, bytes) -> {
            if (bytes == null) return null;
            List<Integer> rows = new ArrayList<>();
            for (ByteBuffer left = ByteBuffer.wrap(bytes); left.hasRemaining(); ) rows.add(left.getInt());
            return rows;
        });
    }
}
