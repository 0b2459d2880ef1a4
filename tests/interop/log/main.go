// Command log verifies a published ledger with the libraries of the Go checksum database, and nothing of Convenio.
//
//	go run . DIRECTORY VERIFIER-KEY
//
// It opens the checkpoint, authenticates every tile and every entry against its root, proves the inclusion of every
// leaf, and the consistency between all checkpoints that were kept. It prints one line of JSON.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// tiles reads tiles from the directory. C2SP tlog-tiles leaves the height out of a path, which Go writes.
type tiles struct{ root string }

func (t tiles) Height() int { return height }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		content, err := os.ReadFile(t.path(tile))
		if err != nil {
			return nil, err
		}
		if len(content) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", tile.Path(), len(content))
		}
		found = append(found, content)
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) path(tile tlog.Tile) string {
	return filepath.Join(t.root, strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
}

type result struct {
	Size        int64 `json:"size"`
	Tiles       int   `json:"tiles"`
	Entries     int64 `json:"entries"`
	Checkpoints int   `json:"checkpoints"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: log DIRECTORY VERIFIER-KEY")
		os.Exit(2)
	}
	found, err := verify(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		os.Exit(1)
	}
}

func verify(root, vkey string) (result, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return result{}, err
	}
	head, err := checkpoint(filepath.Join(root, "checkpoint"), verifier)
	if err != nil {
		return result{}, err
	}
	hashes := tlog.TileHashReader(head, tiles{root})
	entries, err := everyEntry(root, head, hashes)
	if err != nil {
		return result{}, err
	}
	count, err := everyTile(root, head)
	if err != nil {
		return result{}, err
	}
	kept, err := everyCheckpoint(root, head, hashes, verifier)
	if err != nil {
		return result{}, err
	}
	return result{head.N, count, entries, kept}, nil
}

// checkpoint opens a C2SP tlog-checkpoint.
func checkpoint(path string, verifier note.Verifier) (tlog.Tree, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(content, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%s: %w", path, err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("%s is no checkpoint of %s", path, verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

// everyEntry hashes each entry of each bundle and proves that it is included at its index.
func everyEntry(root string, head tlog.Tree, hashes tlog.HashReader) (int64, error) {
	var index int64
	for number := int64(0); index < head.N; number++ {
		width := head.N - index
		if width > 1<<height {
			width = 1 << height
		}
		bundle := tlog.Tile{H: height, L: -1, N: number, W: int(width)}
		path := strings.Replace(tiles{root}.path(bundle), "/data/", "/entries/", 1)
		content, err := os.ReadFile(path)
		if err != nil {
			return index, err
		}
		for ; len(content) >= 2; index++ {
			end := 2 + int(content[0])<<8 + int(content[1])
			if end > len(content) {
				return index, fmt.Errorf("%s is cut off", path)
			}
			leaf := tlog.RecordHash(content[2:end])
			content = content[end:]
			proof, err := tlog.ProveRecord(head.N, index, hashes)
			if err != nil {
				return index, err
			}
			if err := tlog.CheckRecord(proof, head.N, head.Hash, index, leaf); err != nil {
				return index, fmt.Errorf("entry %d: %w", index, err)
			}
		}
		if len(content) != 0 || index != number<<height+width {
			return index, fmt.Errorf("%s has another number of entries than its path says", path)
		}
	}
	return index, nil
}

// everyTile recomputes each tile of the tree from the tiles below and compares it, byte for byte, with the file.
func everyTile(root string, head tlog.Tree) (int, error) {
	reader := tlog.TileHashReader(head, tiles{root})
	all := tlog.NewTiles(height, 0, head.N)
	for _, tile := range all {
		computed, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return 0, err
		}
		content, err := os.ReadFile(tiles{root}.path(tile))
		if err != nil {
			return 0, err
		}
		if string(content) != string(computed) {
			return 0, fmt.Errorf("%s holds other hashes", tile.Path())
		}
	}
	return len(all), nil
}

// everyCheckpoint proves that each kept checkpoint's tree begins the next one's, and the last one's the head's.
func everyCheckpoint(root string, head tlog.Tree, hashes tlog.HashReader, verifier note.Verifier) (int, error) {
	var kept []tlog.Tree
	err := filepath.WalkDir(filepath.Join(root, "checkpoints"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".tsr") {
			return err
		}
		one, err := checkpoint(path, verifier)
		if err == nil && entry.Name() != strconv.FormatInt(one.N, 10) {
			err = errors.New(path + " is of another size")
		}
		kept = append(kept, one)
		return err
	})
	if err != nil {
		return 0, err
	}
	sort.Slice(kept, func(i, j int) bool { return kept[i].N < kept[j].N })
	for i, older := range kept {
		newer := head
		if i+1 < len(kept) {
			newer = kept[i+1]
		}
		if older.N == 0 {
			continue
		}
		proof, err := tlog.ProveTree(newer.N, older.N, hashes)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash); err != nil {
			return 0, fmt.Errorf("checkpoints of %d and %d leaves: %w", older.N, newer.N, err)
		}
	}
	return len(kept), nil
}
