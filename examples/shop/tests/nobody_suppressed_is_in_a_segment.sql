{#- Whatever a segment's own SQL says: who stands in suppressions is in none. Every model whose
    metadata says `kind: segment` is looked at, also one that forgot its own test. -#}
{%- set segments = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model'
        and node.config.meta.get('activation', {}).get('kind') == 'segment'
        and node.package_name == 'shop' -%}
        {%- do segments.append(node) -%}
    {%- endfor -%}
{%- endif %}

-- depends_on: {{ ref('seg_lapsed_high_value') }}
-- depends_on: {{ ref('seg_second_purchase_due') }}
-- depends_on: {{ ref('seg_high_value_cart_abandoners') }}
-- depends_on: {{ ref('seg_checkout_friction') }}
-- depends_on: {{ ref('seg_survey_followup') }}
with

members as (

    {% for node in segments -%}
    select
        '{{ node.name }}' as segment,
        {{ node.config.meta.activation.identity }} as identity_id
    from {{ api.Relation.create(node.database, node.schema, node.alias) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

suppressed as (

    select
        customer_id,
        reason
    from {{ ref('suppressions') }}

)

select
    members.segment,
    members.identity_id,
    suppressed.reason
from members
inner join suppressed on members.identity_id = suppressed.customer_id
