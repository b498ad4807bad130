package io.caisson.guest.grpc.provider;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The gRPC channel of one session: one HTTP/2 connection at a time, opened when a call needs it and there is none. All
 * its threads are virtual and named after the session.
 */
final class GuestChannel implements AutoCloseable {
    private static final long TERMINATION_SECONDS = 1;
    private static final int LARGEST_MESSAGE = 1 << 20;
    private static final int LARGEST_METADATA = 8 << 10;

    private final ManagedChannel channel;
    private final ExecutorService executor;
    private final ScheduledThreadPoolExecutor timer;

    /**
     * Makes the channel; nothing is connected yet.
     *
     * @param connections opens a connection, preface sent
     */
    GuestChannel(String name, StreamSocket.Opener connections) {
        executor = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("caisson-" + name + "-grpc-", 0).factory());
        timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofVirtual().name("caisson-" + name + "-timer").factory());
        timer.setRemoveOnCancelPolicy(true);
        channel = OkHttpChannelBuilder.forTarget("guest", InsecureChannelCredentials.create())
                .overrideAuthority("guest")
                .socketFactory(StreamSocket.factory(connections))
                .executor(executor)
                .offloadExecutor(executor)
                .transportExecutor(executor)
                .scheduledExecutorService(timer)
                .proxyDetector(target -> null)
                .maxInboundMessageSize(LARGEST_MESSAGE)
                .maxInboundMetadataSize(LARGEST_METADATA)
                .disableRetry()
                .disableServiceConfigLookUp()
                .build();
    }

    /** For whatever else of the session must happen at a time. */
    ScheduledExecutorService timer() {
        return timer;
    }

    /**
     * Makes a call and waits for its answer. An interrupt cancels the call.
     *
     * @param action what is being tried on which object, for the error: "creating process 'x'"
     */
    <Q, P> P call(String action, MethodDescriptor<Q, P> method, Q request, Duration timeout)
            throws InterruptedException {
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
        try {
            return ClientCalls.blockingUnaryCall(channel, method, options, request);
        } catch (StatusRuntimeException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException(action + " was given up");
            }
            throw Failures.of(action, e);
        }
    }

    /** Starts a call that may take for ever; cancelling it is the caller's. */
    <Q, P> ClientCall<Q, P> start(MethodDescriptor<Q, P> method, Q request, StreamObserver<P> answer) {
        ClientCall<Q, P> call = channel.newCall(method, CallOptions.DEFAULT);
        ClientCalls.asyncUnaryCall(call, request, answer);
        return call;
    }

    @Override
    public void close() {
        channel.shutdownNow();
        try {
            channel.awaitTermination(TERMINATION_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // Wakes a thread that is still opening a connection.
        executor.shutdownNow();
        timer.shutdownNow();
    }
}
