/** The path of the program that the package brings; it has no types of its own. */
declare module "workerd" {
  const path: string | { readonly default: string }
  export default path
}
