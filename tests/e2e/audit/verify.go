// Verifies a published log with Go's own sumdb packages and nothing of ours: the note's signature,
// every bundle against its tile, the root, inclusion and consistency proofs read from tiles.
//
//	GOPATH=/usr/share/gocode GO111MODULE=off go run verify.go DIR VKEY
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func die(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

type reader struct{ dir string }

func (r reader) Height() int { return 8 }

// sumdb writes tile/8/L/N; tlog-tiles leaves the height out.
func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(r.dir, "tile", strings.TrimPrefix(tile.Path(), "tile/8/")))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (r reader) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func readCheckpoint(dir, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		die("the key: %v", err)
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		die("%v", err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		die("the checkpoint: %v", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		die("the checkpoint is of another log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		die("the size: %v", err)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != 32 {
		die("the root is no hash")
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree
}

func readEntries(dir string, size int64) [][]byte {
	var entries [][]byte
	for at := int64(0); at < size; at += 256 {
		tile := tlog.Tile{H: 8, L: 0, N: at / 256, W: 256}
		if size-at < 256 {
			tile.W = int(size - at)
		}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		bundle, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			die("%v", err)
		}
		for i := 0; i < tile.W; i++ {
			if len(bundle) < 2 {
				die("%s ends early", path)
			}
			n := int(binary.BigEndian.Uint16(bundle))
			if n != 33 || len(bundle) < 2+n || bundle[2] != 1 {
				die("%s: entry %d is none of this log", path, at+int64(i))
			}
			entries = append(entries, bundle[2:2+n])
			bundle = bundle[2+n:]
		}
		if len(bundle) != 0 {
			die("%s is too long", path)
		}
	}
	return entries
}

func main() {
	if len(os.Args) != 3 {
		die("usage: verify DIR VKEY")
	}
	tree := readCheckpoint(os.Args[1], os.Args[2])
	entries := readEntries(os.Args[1], tree.N)
	hashes := tlog.TileHashReader(tree, reader{os.Args[1]})
	proofs := 0
	for i := range entries {
		leaf := tlog.RecordHash(entries[i])
		got, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(i))})
		if err != nil || !bytes.Equal(got[0][:], leaf[:]) {
			die("entry %d: bundle and tile disagree (%v)", i, err)
		}
		if i%37 != 0 && int64(i) != tree.N-1 {
			continue
		}
		proof, err := tlog.ProveRecord(tree.N, int64(i), hashes)
		if err != nil {
			die("entry %d: %v", i, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), leaf); err != nil {
			die("entry %d: %v", i, err)
		}
		old, err := tlog.TreeHash(int64(i)+1, hashes)
		if err != nil {
			die("%v", err)
		}
		grown, err := tlog.ProveTree(tree.N, int64(i)+1, hashes)
		if err != nil {
			die("%v", err)
		}
		if err := tlog.CheckTree(grown, tree.N, tree.Hash, int64(i)+1, old); err != nil {
			die("size %d: %v", i+1, err)
		}
		proofs++
	}
	fmt.Printf("ok: %d entries, %d inclusion and consistency proofs\n", tree.N, proofs)
}
