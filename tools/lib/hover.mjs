/**
 * `node hover.mjs TYPESCRIPT PACKAGE…`: what an editor shows of a packed package without a text.
 *
 * Walks every export of every subpath, the members of its types, what its functions take and return, and the type of
 * its schemas, as the compiler's own API sees them in the declarations, and prints each symbol of the package that has
 * no doc comment. Runs where the tarballs are installed, so it is plain JavaScript.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"

const [compiler, ...packages] = process.argv.slice(2)
const ts = createRequire(join(process.cwd(), "package.json"))(compiler)
const { SymbolFlags } = ts

/** A discriminator says it by itself; the others come with a class or with `Context.Service` and `Schema.Class`. */
const silent = new Set(["_tag", "prototype", "constructor", "Service", "Identifier", "key", "name", "stack", "message"])

const walk = (name) => {
  const folder = join(process.cwd(), "node_modules", name)
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const files = Object.values(exports).flatMap((it) => it.types === undefined ? [] : [join(folder, it.types)])
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2024,
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: []
  })
  const checker = program.getTypeChecker()
  const missing = new Set()
  const seen = new Set()
  let symbols = 0

  const ownDeclaration = (symbol) =>
    symbol.declarations?.find((it) => it.getSourceFile().fileName.startsWith(`${folder}/`))
  const isPublic = (symbol) =>
    ownDeclaration(symbol) !== undefined && !silent.has(symbol.name) && !/^(__|#)/.test(symbol.name)
  const note = (symbol, path) => {
    symbols++
    if (ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== "") return
    const declaration = ownDeclaration(symbol)
    const file = declaration.getSourceFile()
    const { line } = file.getLineAndCharacterOfPosition(declaration.getStart())
    missing.add(`${file.fileName.slice(folder.length - name.length)}:${line + 1} ${path}`)
  }
  const members = (type, path, depth, at) => {
    for (const symbol of checker.getPropertiesOfType(type)) {
      if (!isPublic(symbol)) continue
      note(symbol, `${path}.${symbol.name}`)
      visit(checker.getTypeOfSymbolAtLocation(symbol, at), `${path}.${symbol.name}`, depth + 1, at)
    }
  }
  const calls = (type, path, depth, at) => {
    for (const signature of type.getCallSignatures()) {
      for (const it of signature.parameters) {
        visit(checker.getTypeOfSymbolAtLocation(it, at), `${path}(${it.name})`, depth + 1, at)
      }
      visit(signature.getReturnType(), `${path}()`, depth + 1, at)
    }
  }
  const visit = (type, path, depth, at) => {
    if (depth > 12 || seen.has(type)) return
    seen.add(type)
    if (type.isUnion()) {
      for (const it of type.types) visit(it, path, depth, at)
      return
    }
    for (const it of [...type.aliasTypeArguments ?? [], ...type.target ? checker.getTypeArguments(type) : []]) {
      visit(it, path, depth + 1, at)
    }
    if (checker.isArrayType(type)) return
    calls(type, path, depth, at)
    for (const it of checker.getIndexInfosOfType(type)) visit(it.type, path, depth + 1, at)
    members(type, path, depth, at)
  }
  const typeOfMember = (type, member, at) => {
    const symbol = checker.getPropertyOfType(type, member)
    return symbol === undefined ? undefined : checker.getTypeOfSymbolAtLocation(symbol, at)
  }
  for (const path of files) {
    const file = program.getSourceFile(path)
    for (const it of checker.getExportsOfModule(checker.getSymbolAtLocation(file))) {
      const symbol = it.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(it) : it
      if (!isPublic(symbol) || symbol.flags & SymbolFlags.ValueModule) continue
      note(symbol, it.name)
      if (symbol.flags & SymbolFlags.Type) visit(checker.getDeclaredTypeOfSymbol(symbol), it.name, 0, file)
      if (!(symbol.flags & SymbolFlags.Value)) continue
      const type = checker.getTypeOfSymbolAtLocation(symbol, file)
      members(type, it.name, 0, file)
      calls(type, it.name, 0, file)
      for (const member of ["Service", "Type"]) {
        const inner = typeOfMember(type, member, file)
        if (inner !== undefined) visit(inner, it.name, 0, file)
      }
    }
  }
  return { symbols, missing: [...missing].toSorted() }
}

for (const name of packages) {
  const { missing, symbols } = walk(name)
  console.log(`${name}: ${symbols} symbols, ${missing.length} without a text`)
  for (const it of missing) console.log(it)
  if (missing.length > 0) process.exitCode = 1
}
