import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.EmitStrategy.StrategyType;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers;
import org.apache.kafka.streams.state.DslSessionParams;
import org.apache.kafka.streams.state.DslWindowParams;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.SessionBytesStoreSupplier;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.internals.WrappedStateStore;

/**
 * Kafka Streams' stores in memory, without what its own stores forget too soon. Those in memory drop a window when it
 * closes, before its final result is read; those of RocksDB read on, but lose time windows where stream time leaps; both
 * forget sliding windows that a late record still needs, by a millisecond. Here windows stay; and sessions, where
 * forgetting is part of the rule (an expired one is not merged any more), are kept as RocksDB keeps them.
 */
public final class Stores extends InMemoryDslStoreSuppliers {
    /** More than any case spans, and far from an overflow. */
    static final Duration FOREVER = Duration.ofMillis(Long.MAX_VALUE / 4);

    @Override
    public WindowBytesStoreSupplier windowStore(DslWindowParams what) {
        boolean isOnClose = what.emitStrategy().type() == StrategyType.ON_WINDOW_CLOSE;
        if (!isOnClose && !what.isSlidingWindow()) return super.windowStore(what);
        return super.windowStore(new DslWindowParams(what.name(), FOREVER, what.windowSize(), what.retainDuplicates(),
            what.emitStrategy(), what.isSlidingWindow(), what.isTimestamped()));
    }

    @Override
    public SessionBytesStoreSupplier sessionStore(DslSessionParams what) {
        var inner = super.sessionStore(new DslSessionParams(what.name(), FOREVER, what.emitStrategy()));
        return new SessionBytesStoreSupplier() {
            @Override
            public String name() {
                return inner.name();
            }

            @Override
            public SessionStore<Bytes, byte[]> get() {
                return new Sessions(inner.get(), what.retentionPeriod().toMillis());
            }

            @Override
            public String metricsScope() {
                return inner.metricsScope();
            }

            @Override
            public long segmentIntervalMs() {
                return inner.segmentIntervalMs();
            }

            @Override
            public long retentionPeriod() {
                return what.retentionPeriod().toMillis();
            }
        };
    }

    /**
     * Finds sessions to merge only where they end after stream time - gap - grace, as it was before the record at hand;
     * but all that are due, by end, start and key.
     */
    private static final class Sessions extends WrappedStateStore<SessionStore<Bytes, byte[]>, Bytes, byte[]>
        implements SessionStore<Bytes, byte[]> {
        private static final Comparator<KeyValue<Windowed<Bytes>, byte[]>> BY_TIME =
            Comparator.<KeyValue<Windowed<Bytes>, byte[]>>comparingLong(one -> one.key.window().end())
                .thenComparingLong(one -> one.key.window().start())
                .thenComparing(one -> one.key.key());

        private final long retention;
        private long time = -1;

        Sessions(SessionStore<Bytes, byte[]> inner, long retention) {
            super(inner);
            this.retention = retention;
        }

        @Override
        public void put(Windowed<Bytes> key, byte[] value) {
            time = Math.max(time, key.window().end());
            wrapped().put(key, value);
        }

        @Override
        public void remove(Windowed<Bytes> key) {
            wrapped().remove(key);
        }

        @Override
        public KeyValueIterator<Windowed<Bytes>, byte[]> findSessions(Bytes key, long earliestEnd, long latestStart) {
            return wrapped().findSessions(key, Math.max(earliestEnd, time - retention + 1), latestStart);
        }

        @Override
        public KeyValueIterator<Windowed<Bytes>, byte[]> findSessions(long earliestEnd, long latestEnd) {
            List<KeyValue<Windowed<Bytes>, byte[]>> found = new ArrayList<>();
            try (var iterator = wrapped().findSessions(earliestEnd, latestEnd)) {
                iterator.forEachRemaining(found::add);
            }
            found.sort(BY_TIME);
            return new Sorted(found.iterator());
        }

        @Override
        public KeyValueIterator<Windowed<Bytes>, byte[]> fetch(Bytes key) {
            return wrapped().fetch(key);
        }

        @Override
        public KeyValueIterator<Windowed<Bytes>, byte[]> fetch(Bytes from, Bytes to) {
            return wrapped().fetch(from, to);
        }
    }

    private record Sorted(Iterator<KeyValue<Windowed<Bytes>, byte[]>> all)
        implements KeyValueIterator<Windowed<Bytes>, byte[]> {
        @Override
        public boolean hasNext() {
            return all.hasNext();
        }

        @Override
        public KeyValue<Windowed<Bytes>, byte[]> next() {
            return all.next();
        }

        @Override
        public Windowed<Bytes> peekNextKey() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }
}
