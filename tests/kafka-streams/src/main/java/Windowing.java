import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Initializer;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Merger;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.DslStoreSuppliers;

/** How a stream is cut into windows: one of Kafka Streams' own definitions, read from JSON. */
sealed interface Windowing {
    /** Tumbling and hopping windows. */
    record Times(TimeWindows windows) implements Windowing {}

    /** A window before and one after each record. */
    record Sliding(SlidingWindows windows) implements Windowing {}

    /** Windows that last until a key is silent. */
    record Sessions(SessionWindows windows) implements Windowing {}

    /** What is computed, whatever the windows; {@code merge} is for sessions. */
    record Aggregation<V, A>(
        Initializer<A> initial,
        Aggregator<? super String, ? super V, A> add,
        Merger<? super String, A> merge,
        Serde<A> serde) {}

    /** Where results are kept; {@code retention} is null for as long as Kafka Streams does by itself. */
    record Keeping(DslStoreSuppliers stores, Duration retention, boolean hasChangelog) {
        static final Keeping WHOLE = new Keeping(new Stores(), null, false);

        <A, S extends StateStore> Materialized<String, A, S> with(Serde<A> serde) {
            Materialized<String, A, S> kept = Materialized.with(Serdes.String(), serde);
            kept.withStoreType(stores).withCachingDisabled();
            if (retention != null) kept.withRetention(retention);
            return hasChangelog ? kept : kept.withLoggingDisabled();
        }
    }

    /** Windows as JSON has them, such as {@code {"tumbling": {"size_ms": 10, "grace_ms": 0}}}. */
    static Windowing of(JsonNode json) {
        if (json.size() != 1) throw new IllegalArgumentException("not a window: " + json);
        String kind = json.fieldNames().next();
        JsonNode of = json.get(kind);
        Duration grace = duration(of, "grace_ms");
        return switch (kind) {
            case "tumbling" -> new Times(TimeWindows.ofSizeAndGrace(duration(of, "size_ms"), grace));
            case "hopping" -> new Times(
                TimeWindows.ofSizeAndGrace(duration(of, "size_ms"), grace).advanceBy(duration(of, "advance_ms")));
            case "sliding" -> new Sliding(SlidingWindows.ofTimeDifferenceAndGrace(duration(of, "difference_ms"), grace));
            case "session" -> new Sessions(SessionWindows.ofInactivityGapAndGrace(duration(of, "gap_ms"), grace));
            default -> throw new IllegalArgumentException("no window is called " + kind);
        };
    }

    private static Duration duration(JsonNode of, String field) {
        JsonNode found = of.get(field);
        if (found == null || !found.isIntegralNumber()) throw new IllegalArgumentException("no " + field + " in " + of);
        return Duration.ofMillis(found.longValue());
    }

    /** The table of results, one per key and window, which changes at each update or at the close of each window. */
    default <V, A> KTable<Windowed<String>, A> table(
        KGroupedStream<String, V> stream, boolean isOnClose, Aggregation<? super V, A> how, Keeping keeping
    ) {
        EmitStrategy emit = isOnClose ? EmitStrategy.onWindowClose() : EmitStrategy.onWindowUpdate();
        if (this instanceof Sessions sessions) {
            return stream.windowedBy(sessions.windows).emitStrategy(emit)
                .aggregate(how.initial, how.add, how.merge, keeping.with(how.serde));
        }
        var windowed = this instanceof Times times
            ? stream.windowedBy(times.windows)
            : stream.windowedBy(((Sliding) this).windows);
        return windowed.emitStrategy(emit).aggregate(how.initial, how.add, keeping.with(how.serde));
    }

    /** Windowed keys in Kafka Streams' own binary form. */
    default Serde<Windowed<String>> serde() {
        if (this instanceof Sessions) return WindowedSerdes.sessionWindowedSerdeFrom(String.class);
        long size = this instanceof Times times ? times.windows.size() : ((Sliding) this).windows.timeDifferenceMs();
        return WindowedSerdes.timeWindowedSerdeFrom(String.class, size);
    }
}
