{#- Grain: an acknowledged change of a sync, by the number of its plan and its number in that.

    A sync that was moved to another name has its log under the new one: its rows here are replaced,
    which is why the sync is no part of the key. -#}
with

deliveries as (

    {{ activation._log(
        source('activation_state', 'deliveries'),
        texts=['run_id', 'sync', 'identity', 'op', 'cause', 'reason', 'outcome'],
        numbers=['epoch', 'seq'],
        moments=['delivered_at']
    ) }}

),

syncs as (

    {{ activation._log(source('activation_state', 'syncs'), texts=['sync', 'kind']) }}

),

final as (

    select
        deliveries.run_id,
        deliveries.sync,
        syncs.kind,
        deliveries.identity,
        deliveries.op,
        deliveries.cause,
        deliveries.reason,
        deliveries.epoch,
        deliveries.seq,
        deliveries.delivered_at
    from deliveries
    inner join syncs on deliveries.sync = syncs.sync
    {%- if is_incremental() %}
    left join {{ this }} as stored
        on
            deliveries.sync = stored.sync
            and deliveries.epoch = stored.epoch
            and deliveries.seq = stored.seq
    {%- endif %}
    where
        deliveries.outcome = 'delivered'
        and deliveries.epoch is not null
        and syncs.kind in ('traits', 'segment', 'objects')
        {%- if is_incremental() %}
        and stored.sync is null
        {%- endif %}

)

select * from final
