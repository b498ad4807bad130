package io.caisson.host.linux.ffm;

/**
 * Who connected a Unix socket, or listened on it, at the time of the connection; {@code SO_PEERCRED}, unix(7).
 *
 * @param processId its process id, 0 when that process is not visible from this pid namespace
 * @param userId its effective user id, 0 to 2^32-2
 * @param groupId its effective group id, 0 to 2^32-2
 */
public record PeerCredentials(int processId, long userId, long groupId) {}
