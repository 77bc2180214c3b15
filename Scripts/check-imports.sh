#!/bin/bash
# Fails when a source file imports a module that the table "Targets" in Documentation/design.md does not allow its target.
# Toolchain modules are allowed everywhere; test targets may import any target of the project, and Testing.
set -euo pipefail
cd "$(dirname "$0")/.."

toolchain="Dispatch Foundation FoundationEssentials Glibc Swift Synchronization"

find Sources Tests Package.swift -name '*.swift' -print0 | sort -z | xargs -0 awk -v toolchain="$toolchain" '
  FNR == 1 {
    split(FILENAME, folder, "/")
    isTest = folder[1] == "Tests"
    target = isTest ? "tests" : folder[2]
    if (FILENAME == "Package.swift") target = FILENAME
    if (!isTest && target != "Package.swift" && !(target in isListed) && !(target in isReported)) {
      print FILENAME ": the table in Documentation/design.md has no row for " target
      isReported[target] = wrong = 1
    }
  }

  /^[ \t]*(@[A-Za-z_]+(\([^)]*\))?[ \t]+)*((public|package|internal|fileprivate|private)[ \t]+)?import[ \t]/ {
    module = $0
    sub(/^.*[ \t]?import[ \t]+/, "", module)
    sub(/^(struct|class|enum|protocol|typealias|func|var|let)[ \t]+/, "", module)
    sub(/[^A-Za-z0-9_].*$/, "", module)
    if (module in isToolchain || (target, module) in isAllowed) next
    if (isTest && (module == "Testing" || module in isListed)) next
    if (target == "Package.swift" && module == "PackageDescription") next
    print FILENAME ":" FNR ": " target " may not import " module
    wrong = 1
  }

  BEGIN {
    split(toolchain, names, " ")
    for (i in names) isToolchain[names[i]] = 1
    design = "Documentation/design.md"
    while ((getline line < design) > 0) {
      if (line ~ /^## /) isTable = line == "## Targets"
      if (!isTable || line !~ /^\| `/) continue
      columns = split(line, cell, "|")
      row = cell[2]
      gsub(/[` ]/, "", row)
      isListed[row] = 1
      rowCount++
      count = split(cell[columns - 1], quoted, "`")
      for (i = 2; i <= count; i += 2) isAllowed[row, quoted[i]] = 1
    }
    if (!rowCount) { print design ": no table under the heading Targets"; wrong = 1; exit }
  }

  END { exit wrong }
'
echo "imports: as Documentation/design.md allows"
