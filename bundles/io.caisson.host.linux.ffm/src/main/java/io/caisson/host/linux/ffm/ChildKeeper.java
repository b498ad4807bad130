package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Starts and reaps child processes, all from one platform thread, {@code caisson-host-children}: the kernel sends the
 * parent-death signal when the thread that started the child ends, not the process. So the thread lives as long as any
 * child does, and no longer.
 *
 * <p>Locks: {@link #LOCK} guards which keeper is the current one, its requests and how many requests and children it
 * has. Nothing that may wait is done while it is held.
 */
final class ChildKeeper implements Runnable {
    private static final int EVENTS_AT_ONCE = 32;
    private static final Object LOCK = new Object();
    private static @Nullable ChildKeeper current;

    private final Epoll epoll;
    private final Queue<FutureTask<ChildProcess>> requests = new ArrayDeque<>();
    private int count;

    /** By process id; the keeper's thread alone uses it. */
    private final Map<Long, ChildProcess> children = new HashMap<>();

    private ChildKeeper(Epoll epoll) {
        this.epoll = epoll;
    }

    /** Starts a process. An interrupt does not end the call, which takes about a millisecond. */
    static ChildProcess spawn(ProcessCalls.Plan plan, Path executable, boolean closefrom) throws IOException {
        FutureTask<ChildProcess> request;
        synchronized (LOCK) {
            ChildKeeper keeper = current;
            if (keeper == null) {
                ProcessCalls.stopIgnoringChildren();
                keeper = new ChildKeeper(Epoll.open("of the children", EVENTS_AT_ONCE));
                Thread.ofPlatform().daemon().name("caisson-host-children").start(keeper);
                current = keeper;
            }
            request = new FutureTask<>(new Request(keeper, plan, executable, closefrom));
            keeper.requests.add(request);
            keeper.count++;
            keeper.epoll.wakeup();
        }
        return result(request);
    }

    private record Request(ChildKeeper keeper, ProcessCalls.Plan plan, Path executable, boolean closefrom)
            implements Callable<ChildProcess> {
        @Override
        public ChildProcess call() throws IOException {
            return keeper.start(plan, executable, closefrom);
        }
    }

    private static ChildProcess result(FutureTask<ChildProcess> request) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return request.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof IOException failure) {
                        throw failure;
                    }
                    throw new IllegalStateException("starting a process failed", e.getCause());
                } catch (CancellationException e) {
                    throw new IllegalStateException("the thread that starts processes has died", e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private ChildProcess start(ProcessCalls.Plan plan, Path executable, boolean closefrom) throws IOException {
        boolean kept = false;
        try {
            int pid = ProcessCalls.spawn(plan, closefrom);
            Descriptor pidfd = null;
            try {
                pidfd = new Descriptor(ProcessCalls.pidfdOpen(pid), "process " + pid);
                ChildProcess child = new ChildProcess(pid, executable, pidfd);
                children.put((long) pid, child);
                epoll.add(pidfd, Interest.READ, pid);
                kept = true;
                return child;
            } finally {
                if (!kept) {
                    children.remove((long) pid);
                    ProcessCalls.destroy(pid);
                    if (pidfd != null) {
                        pidfd.close();
                    }
                }
            }
        } finally {
            if (!kept) {
                oneLess();
            }
        }
    }

    private void oneLess() {
        synchronized (LOCK) {
            if (--count == 0) {
                retire();
            }
        }
    }

    private void retire() {
        synchronized (LOCK) {
            epoll.close();
            if (current == this) {
                current = null;
            }
        }
    }

    @Override
    public void run() {
        try {
            while (true) {
                int events = epoll.await(-1);
                for (int i = 0; i < events; i++) {
                    reap(epoll.token(i));
                }
                serve();
            }
        } catch (ClosedDescriptorException nothingLeft) {
            // the orderly end
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
        }
    }

    private void serve() {
        while (true) {
            FutureTask<ChildProcess> request;
            synchronized (LOCK) {
                request = requests.poll();
            }
            if (request == null) {
                return;
            }
            request.run();
        }
    }

    private void reap(long pid) throws IOException {
        ChildProcess child = children.get(pid);
        if (child == null) {
            return;
        }
        Descriptor pidfd = child.pidfd();
        Optional<ProcessExit> exit;
        int fd = pidfd.acquire();
        try {
            exit = ProcessCalls.waitid(fd);
        } finally {
            pidfd.release();
        }
        if (exit.isPresent()) {
            epoll.remove(pidfd);
            pidfd.close();
            children.remove(pid);
            child.ended(exit.get());
            oneLess();
        }
    }

    /** Nobody must wait for ever; a later request gets another keeper. */
    private void fail(Throwable cause) {
        retire();
        children.values().forEach(child -> child.lost(cause));
        synchronized (LOCK) {
            requests.forEach(request -> request.cancel(false));
        }
    }
}
