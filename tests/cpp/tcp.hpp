// HTTP over TCP by hand, for tests of the built-in server: connecting, and one request with its response.
//
// It must not know Coffer, nor be clever: POSIX sockets, one request a connection. Invariant: every socket is closed, and
// nobody waits longer than ten seconds.
#ifndef COFFER_TESTS_CPP_TCP_HPP
#define COFFER_TESTS_CPP_TCP_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace tests {

/// A connection to `http://127.0.0.1:port`.
class Connection {
  public:
    explicit Connection(const std::string &address) : host_(address.substr(address.rfind('/') + 1)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        const std::size_t colon = host_.rfind(':');
        where.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host_.substr(colon + 1))));
        const timeval limit{10, 0};
        if (inet_pton(AF_INET, host_.substr(0, colon).c_str(), &where.sin_addr) != 1 || socket_ < 0 ||
            setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
            setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
            close(socket_);
            throw std::runtime_error("no socket for " + address);
        }
        is_open_ = connect(socket_, reinterpret_cast<const sockaddr *>(&where), sizeof where) == 0;
    }

    ~Connection() { close(socket_); }
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    /// Whether somebody listens there.
    bool is_open() const noexcept { return is_open_; }

    /// Sends a request: the method and target, and lines of headers that end with "\r\n".
    bool send(const std::string &line, const std::string &headers, const std::string &body = "") {
        const std::string text = line + " HTTP/1.1\r\nHost: " + host_ + "\r\nConnection: close\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
        return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
    }

    /// Everything that comes until the other side closes.
    std::string receive() {
        std::string all;
        char part[4096];
        for (ssize_t got = 0; (got = recv(socket_, part, sizeof part, 0)) > 0;) {
            all.append(part, static_cast<std::size_t>(got));
        }
        return all;
    }

  private:
    int socket_ = socket(AF_INET, SOCK_STREAM, 0);
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
