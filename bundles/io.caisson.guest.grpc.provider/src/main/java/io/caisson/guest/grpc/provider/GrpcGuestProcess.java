package io.caisson.guest.grpc.provider;

import io.caisson.guest.api.GuestExit;
import io.caisson.guest.api.GuestProcess;
import io.caisson.guest.grpc.provider.proto.DeleteProcessRequest;
import io.caisson.guest.grpc.provider.proto.GuestGrpc;
import io.caisson.guest.grpc.provider.proto.ResizeProcessRequest;
import io.caisson.guest.grpc.provider.proto.SignalProcessRequest;
import io.caisson.guest.grpc.provider.proto.StartProcessRequest;
import io.caisson.guest.grpc.provider.proto.StdioStream;
import io.caisson.guest.grpc.provider.proto.WaitProcessRequest;
import io.caisson.guest.grpc.provider.proto.WaitProcessResponse;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.grpc.ClientCall;
import io.grpc.stub.StreamObserver;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A process reached through a session. */
final class GrpcGuestProcess implements GuestProcess {
    private final GrpcGuestSession session;
    private final ProcessId id;
    private final StdioSlot<StdioInput> stdin = new StdioSlot<>(StdioInput::abandon);
    private final StdioSlot<StdioOutput> stdout = new StdioSlot<>(StdioOutput::close);
    private final StdioSlot<StdioOutput> stderr = new StdioSlot<>(StdioOutput::close);
    private final Object lock = new Object();
    // Guarded by lock.
    private @Nullable ExitWatch watch;
    private boolean closed;

    GrpcGuestProcess(GrpcGuestSession session, ProcessId id) {
        this.session = session;
        this.id = id;
    }

    /** One WaitProcess call, shared by all who wait. */
    private static final class ExitWatch implements StreamObserver<WaitProcessResponse> {
        final CompletableFuture<GuestExit> exit = new CompletableFuture<>();
        private final String action;
        private @Nullable ClientCall<WaitProcessRequest, WaitProcessResponse> call;

        ExitWatch(String action) {
            this.action = action;
        }

        @Override
        public void onNext(WaitProcessResponse answer) {
            exit.complete(Messages.exit(answer));
        }

        @Override
        public void onError(Throwable failure) {
            exit.completeExceptionally(Failures.of(action, failure));
        }

        @Override
        public void onCompleted() {
            exit.completeExceptionally(
                    new CaissonException(ErrorKind.INTERNAL, action + ": the guest answered without an exit status"));
        }

        void cancel() {
            if (call != null) {
                call.cancel("nobody waits any more", null);
            }
        }
    }

    @Override
    public String id() {
        return id.process();
    }

    @Override
    public void start() throws InterruptedException {
        session.channel()
                .call(
                        "starting " + id,
                        GuestGrpc.getStartProcessMethod(),
                        StartProcessRequest.newBuilder()
                                .setContainerId(id.container())
                                .setProcessId(id.process())
                                .build(),
                        GrpcGuestSession.CALL_TIMEOUT);
        // Asked right away, the answer comes the moment the process ends.
        watch();
    }

    @Override
    public OutputStream stdin() throws InterruptedException {
        var attacher = attacher(StdioStream.STDIO_STREAM_STDIN);
        var threads = Thread.ofVirtual()
                .name("caisson-" + session.name() + "-stdin-" + id.process())
                .factory();
        return stdin.open(attacher, () -> new StdioInput(attacher, threads));
    }

    @Override
    public InputStream stdout() throws InterruptedException {
        var attacher = attacher(StdioStream.STDIO_STREAM_STDOUT);
        return stdout.open(attacher, () -> new StdioOutput(attacher));
    }

    @Override
    public InputStream stderr() throws InterruptedException {
        var attacher = attacher(StdioStream.STDIO_STREAM_STDERR);
        return stderr.open(attacher, () -> new StdioOutput(attacher));
    }

    private StdioAttacher attacher(StdioStream stream) {
        return new StdioAttacher(session.dialler(), session.channel().timer(), id, stream);
    }

    @Override
    public Optional<GuestExit> await(Duration timeout) throws InterruptedException {
        long nanos = nanos(timeout);
        long begin = System.nanoTime();
        while (true) {
            try {
                long left = Math.max(0, nanos - (System.nanoTime() - begin));
                return Optional.of(watch().exit.get(left, TimeUnit.NANOSECONDS));
            } catch (TimeoutException e) {
                return Optional.empty();
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof CaissonException failure)) {
                    throw new IllegalStateException(e);
                }
                // A connection that broke says nothing of the process: the next watch asks over another one.
                if (failure.kind() != ErrorKind.UNAVAILABLE || !session.reconnect()) {
                    throw new CaissonException(failure.kind(), failure.getMessage(), failure.getCause());
                }
            }
        }
    }

    private static long nanos(Duration timeout) {
        try {
            return timeout.toNanos();
        } catch (ArithmeticException e) {
            return timeout.isNegative() ? 0 : Long.MAX_VALUE;
        }
    }

    private ExitWatch watch() {
        synchronized (lock) {
            ExitWatch current = watch;
            if (closed) {
                throw new CaissonException(ErrorKind.INVALID_STATE, "waiting for " + id + ": it is closed");
            }
            if (current == null || current.exit.isCompletedExceptionally()) {
                current = new ExitWatch("waiting for " + id);
                watch = current;
                current.call = session.channel()
                        .start(
                                GuestGrpc.getWaitProcessMethod(),
                                WaitProcessRequest.newBuilder()
                                        .setContainerId(id.container())
                                        .setProcessId(id.process())
                                        .build(),
                                current);
            }
            return current;
        }
    }

    @Override
    public void signal(int signal) throws InterruptedException {
        session.channel()
                .call(
                        "sending signal " + signal + " to " + id,
                        GuestGrpc.getSignalProcessMethod(),
                        SignalProcessRequest.newBuilder()
                                .setContainerId(id.container())
                                .setProcessId(id.process())
                                .setSignal(signal)
                                .build(),
                        GrpcGuestSession.CALL_TIMEOUT);
    }

    @Override
    public void resize(int rows, int columns) throws InterruptedException {
        session.channel()
                .call(
                        "resizing the terminal of " + id,
                        GuestGrpc.getResizeProcessMethod(),
                        ResizeProcessRequest.newBuilder()
                                .setContainerId(id.container())
                                .setProcessId(id.process())
                                .setWindowSize(Messages.window(rows, columns))
                                .build(),
                        GrpcGuestSession.CALL_TIMEOUT);
    }

    @Override
    public void delete() throws InterruptedException {
        session.channel()
                .call(
                        "deleting " + id,
                        GuestGrpc.getDeleteProcessMethod(),
                        DeleteProcessRequest.newBuilder()
                                .setContainerId(id.container())
                                .setProcessId(id.process())
                                .build(),
                        GrpcGuestSession.CALL_TIMEOUT);
        closeStreams();
        session.forget(this);
    }

    /** Lets go of the streams and stops waiting for the end; the process goes on. */
    void closeStreams() {
        stdin.close();
        stdout.close();
        stderr.close();
        synchronized (lock) {
            closed = true;
            if (watch != null) {
                watch.cancel();
            }
        }
    }
}
