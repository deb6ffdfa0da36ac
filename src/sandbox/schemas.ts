/**
 * The interaction schemas that a seeded tenant has.
 * Guarantees: the full example and the five use cases of the product documentation, and two that integrations
 * publish; each keeps to the rules of schema-rules.ts.
 */
import type { InteractionSchema, SchemaProperty } from '../model.ts'

type Fields = { readonly [name: string]: string }

/** A property that the contact card shows. */
function shown(type: string, displayName: string, more: Fields = {}): SchemaProperty {
  return { type, displayName, showInContactCard: 'true', ...more }
}

function dateTime(displayName: string, more: Fields = {}): SchemaProperty {
  return { type: 'string', format: 'date-time', displayName, showInContactCard: 'true', ...more }
}

function schema(
  id: string,
  displayName: string,
  properties: { readonly [name: string]: SchemaProperty },
  required: readonly string[] = [],
): InteractionSchema {
  const base = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties }
  return { id, displayName, jsonSchema: required.length === 0 ? base : { ...base, required } }
}

const SEGMENTABLE: Fields = { addToSegmentation: 'true' }

/** In the order in which a tenant lists them. */
export const SCHEMAS: readonly InteractionSchema[] = [
  schema(
    'Reuse-Spring-2023',
    'Reuse Spring Sale',
    {
      price: shown('integer', 'Price', { sortOrder: '1' }),
      'purchase-timestamp': dateTime('Purchase timestamp', { sortOrder: '2' }),
      name: shown('string', 'Name', { sortOrder: '0' }),
    },
    ['name'],
  ),
  schema('wishlist', 'Wishlist', { date: dateTime('Date'), productSku: shown('string', 'SKU') }),
  schema('wholeSalePurchase', 'Whole sale purchases', {
    date: dateTime('Date of purchase'),
    productSku: shown('string', 'SKU'),
    pricePaid: shown('number', 'Price paid'),
    source: shown('string', 'Source of purchase'),
  }),
  schema('repair', 'Repair', {
    registrationDate: dateTime('Registration date'),
    productModel: shown('string', 'Product model'),
    brand: shown('string', 'Brand'),
    productId: shown('string', 'Product ID'),
    storeName: shown('string', 'Store name'),
    storeId: shown('string', 'Store ID'),
    isFreeRepair: shown('boolean', 'Free repair'),
  }),
  schema('preownedProduct', 'Pre-owned', {
    date: dateTime('Date'),
    productSku: shown('string', 'Product SKU'),
    size: shown('string', 'Size'),
    condition: shown('string', 'Condition'),
    storeDropOff: shown('boolean', 'Store drop off'),
    reimbursement: shown('number', 'Reimbursement'),
    storeName: shown('string', 'Store name'),
    storeId: shown('string', 'Store ID'),
  }),
  schema('recycled', 'Recycled', {
    date: dateTime('Date'),
    dropOffPoint: shown('string', 'Drop off point'),
    quantity: shown('number', 'Quantity'),
    type: shown('number', 'Type of recycling'),
  }),
  schema('completedProductRating', 'Completed TestFreaks review', {
    productSku: shown('string', 'Sku'),
    rating: shown('integer', 'Rating'),
    comment: shown('string', 'Comment'),
  }),
  schema('DixaCSATScore', 'Dixa CSAT Score', {
    csatScore: shown('integer', 'CSAT score', SEGMENTABLE),
    conversationId: {
      type: 'integer',
      displayName: 'Conversation ID',
      showInContactCard: 'false',
      addToSegmentation: 'false',
    },
    supportChannel: shown('string', 'Support channel', SEGMENTABLE),
  }),
]

/** What `completedProductRating` became when its publisher made it segmentable. */
export const SEGMENTABLE_PRODUCT_RATING: InteractionSchema = schema(
  'completedProductRating',
  'Completed Trustvoice review',
  {
    productSku: shown('string', 'Sku', SEGMENTABLE),
    rating: shown('integer', 'Rating', SEGMENTABLE),
    comment: shown('string', 'Comment'),
  },
)
