/* model.h: the local demo model: a small OpenAI-compatible server that answers deterministically,
 * says in every answer that it is no language model, and can be asked to emit what a gate should
 * catch (an e-mail address, a card number, a tool call). It stands behind `gatehouse up` so that
 * the gateway can be tried without an account anywhere. It never opens an outgoing connection. */
#ifndef GH_MODEL_MODEL_H
#define GH_MODEL_MODEL_H

/* The verb `gatehouse model --port N`: serves plain HTTP on 127.0.0.1:N until SIGTERM or SIGINT,
 * then finishes what it has accepted. Port 0 takes a free one. Prints `ready <port>` on standard
 * output when it serves. argv[0] is the verb. Returns the exit code: 0 stopped cleanly, 1 could not
 * serve, 2 wrong use. */
int gh_cli_model(int argc, char **argv);

#endif
