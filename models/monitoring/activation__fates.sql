{#- Grain: a fate of the rows of a sync on a day. -#}
{%- set fates = [
    'unchanged', 'delivered', 'rejected', 'deferred', 'undecided', 'not_attempted', 'suppressed',
    'no_consent', 'held_out', 'outside_rollout', 'outranked', 'expired', 'invalid'
] -%}
with

settled as (

    {{ activation._last_settled(ref('activation__runs')) }}

),

counted as (

    {%- for fate in fates %}
    select
        sync,
        '{{ fate }}' as fate,
        day,
        {{ fate }} as row_count,
        model_rows + removals as all_rows
    from settled
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

final as (

    select
        sync,
        {{ activation._as_text('fate') }} as fate,
        day,
        row_count,
        {{ activation._as_double('row_count') }} / nullif(all_rows, 0) as share
    from counted

)

select * from final
