/** The decorator metadata of class-transformer. The package has no public API for it and no types for this file. */
declare module 'class-transformer/cjs/storage.js' {
  interface TypeRecords {
    findTypeMetadata(
      target: new () => object,
      property: string,
    ): { readonly typeFunction: () => new () => object } | undefined;
    getExposedMetadatas(target: new () => object): readonly unknown[];
    getExcludedMetadatas(target: new () => object): readonly unknown[];
    findTransformMetadatas(
      target: new () => object,
      property: string,
      direction: number,
    ): readonly { readonly transformFn: (given: object) => unknown }[];
  }
  export const defaultMetadataStorage: TypeRecords;
}
