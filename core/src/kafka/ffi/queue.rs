//! A queue of a client: events are polled from it, records are read from it in bulk, and it can call when it fills.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rdkafka_sys::*;

use super::{Client, Event, Messages, millis};

type Wake = Box<dyn Fn() + Send + Sync>;

/// A queue; it keeps its client alive.
pub(crate) struct Queue {
    raw: NonNull<rd_kafka_queue_t>,
    // Boxed again: what is handed to C must be one word.
    wake: OnceLock<Box<Wake>>,
    client: Arc<Client>,
}

// SAFETY: librdkafka's queues have their own lock; every function on them may be called from any thread.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}

impl Queue {
    /// Takes over one reference to a queue.
    ///
    /// # Safety
    /// `raw` is a queue reference of `client` that nobody else will destroy (librdkafka gives no null here: it aborts
    /// when it cannot allocate, and a null is refused).
    pub(super) unsafe fn own(raw: *mut rd_kafka_queue_t, client: Arc<Client>) -> Queue {
        assert!(!raw.is_null(), "librdkafka gives a queue or aborts");
        // SAFETY: just checked.
        Queue { raw: unsafe { NonNull::new_unchecked(raw) }, wake: OnceLock::new(), client }
    }

    pub(super) fn raw(&self) -> *mut rd_kafka_queue_t {
        self.raw.as_ptr()
    }

    /// The next event, waited for as long as said.
    pub(crate) fn poll(&self, within: Duration) -> Option<Event> {
        // SAFETY: live queue; the event is ours.
        unsafe { Event::own(rd_kafka_queue_poll(self.raw(), millis(within)), self.client.clone()) }
    }

    /// Makes a thread that waits in [`Queue::poll`] return.
    pub(crate) fn interrupt(&self) {
        // SAFETY: live queue.
        unsafe { rd_kafka_queue_yield(self.raw()) }
    }

    /// Up to `max` records that are there now; waits for none.
    pub(crate) fn take(&self, max: usize, into: &mut Messages) -> usize {
        into.fill(max, |room, max| {
            // SAFETY: live queue, and room for `max` pointers; what it writes is ours.
            unsafe { rd_kafka_consume_batch_queue(self.raw(), 0, room, max) }
        })
    }

    /// From now on records wait here, instead of in the consumer's common queue.
    pub(crate) fn detach(&self) {
        // SAFETY: live queue; no target means: keep what arrives.
        unsafe { rd_kafka_queue_forward(self.raw(), std::ptr::null_mut()) }
    }

    /// Calls `wake` whenever the queue goes from empty to not empty: once per queue, briefly, on a thread of
    /// librdkafka that holds the queue's lock. Later calls change nothing.
    pub(crate) fn on_filled(&self, wake: impl Fn() + Send + Sync + 'static) {
        let mut is_first = false;
        let wake = self.wake.get_or_init(|| {
            is_first = true;
            Box::new(Box::new(wake))
        });
        if is_first {
            // SAFETY: live queue; the pointee is this queue's own, never moves, and is freed only after `drop` has
            // switched the callback off.
            unsafe {
                let opaque = ptr_of(wake);
                rd_kafka_queue_cb_event_enable(self.raw(), Some(filled), opaque);
            }
        }
    }
}

fn ptr_of(wake: &Wake) -> *mut c_void {
    std::ptr::from_ref(wake).cast_mut().cast()
}

unsafe extern "C" fn filled(_: *mut rd_kafka_t, opaque: *mut c_void) {
    // SAFETY: `on_filled` gave a pointer to a `Wake` that lives until the callback is switched off under the queue's
    // lock, which is held during this call.
    let wake = unsafe { &*opaque.cast::<Wake>() };
    // A panic must not cross into C.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(wake));
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: live queue, our reference. Switching the callback off takes the queue's lock, so no call is under way
        // when `wake` is freed.
        unsafe {
            if self.wake.get().is_some() {
                rd_kafka_queue_cb_event_enable(self.raw(), None, std::ptr::null_mut());
            }
            rd_kafka_queue_destroy(self.raw());
        }
    }
}
