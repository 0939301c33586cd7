// HTTP over TCP by hand, for tests of the built-in server: connecting, and one request with its response.
//
// It must not know Coffer, nor be clever: POSIX sockets or Windows' own, one request a connection. Invariant: every socket
// is closed, and nobody waits longer than ten seconds.
#ifndef COFFER_TESTS_CPP_TCP_HPP
#define COFFER_TESTS_CPP_TCP_HPP

#ifdef _WIN32
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#endif

#include <cstdint>
#include <stdexcept>
#include <string>

namespace tests {

#ifdef _WIN32
using Socket = SOCKET;
constexpr Socket no_socket = INVALID_SOCKET;

inline Socket new_socket() {
    static const bool started = [] {
        WSADATA data;
        return WSAStartup(MAKEWORD(2, 2), &data) == 0;
    }();
    return started ? ::socket(AF_INET, SOCK_STREAM, 0) : no_socket;
}

inline bool give_up_after(Socket socket, int seconds) {
    const DWORD limit = static_cast<DWORD>(seconds) * 1000;
    const char *bytes = reinterpret_cast<const char *>(&limit);
    return setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, bytes, sizeof limit) == 0 &&
           setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, bytes, sizeof limit) == 0;
}

inline long long send_bytes(Socket socket, const std::string &text) {
    return ::send(socket, text.data(), static_cast<int>(text.size()), 0);
}

inline long long receive_bytes(Socket socket, char *room, int size) { return recv(socket, room, size, 0); }

inline void close_socket(Socket socket) { closesocket(socket); }
#else
using Socket = int;
constexpr Socket no_socket = -1;

inline Socket new_socket() { return ::socket(AF_INET, SOCK_STREAM, 0); }

inline bool give_up_after(Socket socket, int seconds) {
    const timeval limit{seconds, 0};
    return setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
           setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0;
}

inline long long send_bytes(Socket socket, const std::string &text) {
    return ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
}

inline long long receive_bytes(Socket socket, char *room, int size) {
    return recv(socket, room, static_cast<std::size_t>(size), 0);
}

inline void close_socket(Socket socket) { close(socket); }
#endif

/// A connection to `http://127.0.0.1:port`.
class Connection {
  public:
    explicit Connection(const std::string &address) : host_(address.substr(address.rfind('/') + 1)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        const std::size_t colon = host_.rfind(':');
        where.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host_.substr(colon + 1))));
        if (inet_pton(AF_INET, host_.substr(0, colon).c_str(), &where.sin_addr) != 1 || socket_ == no_socket ||
            !give_up_after(socket_, 10)) {
            close_socket(socket_);
            throw std::runtime_error("no socket for " + address);
        }
        is_open_ = connect(socket_, reinterpret_cast<const sockaddr *>(&where), sizeof where) == 0;
    }

    ~Connection() { close_socket(socket_); }
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    /// Whether somebody listens there.
    bool is_open() const noexcept { return is_open_; }

    /// Sends a request: the method and target, and lines of headers that end with "\r\n".
    bool send(const std::string &line, const std::string &headers, const std::string &body = "") {
        const std::string text = line + " HTTP/1.1\r\nHost: " + host_ + "\r\nConnection: close\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
        return send_bytes(socket_, text) == static_cast<long long>(text.size());
    }

    /// Everything that comes until the other side closes.
    std::string receive() {
        std::string all;
        char part[4096];
        for (long long got = 0; (got = receive_bytes(socket_, part, sizeof part)) > 0;) {
            all.append(part, static_cast<std::size_t>(got));
        }
        return all;
    }

  private:
    Socket socket_ = new_socket();
    std::string host_;
    bool is_open_ = false;
};

/// One request and its whole response, head and body; empty if nobody answers.
inline std::string over_tcp(const std::string &address, const std::string &line, const std::string &headers,
                            const std::string &body = "") {
    Connection connection(address);
    return connection.is_open() && connection.send(line, headers, body) ? connection.receive() : "";
}

} // namespace tests

#endif
